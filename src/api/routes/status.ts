/** How the whole center is: its processes, queues, store, correlator, and what is wrong. For its staff; members see their sources. */
import { centerStatus } from '../../model/status.ts';
import { wholeStaff } from '../access.ts';
import type { ApiParts, ApiServer } from '../parts.ts';

export function addStatus(server: ApiServer, { status }: ApiParts): void {
  server.route({
    method: 'GET',
    url: '/api/v1/status',
    config: { access: wholeStaff },
    schema: {
      operationId: 'getStatus',
      summary: 'Processes, queues, store and correlator, and what is wrong with them',
      tags: ['status'],
      response: { 200: centerStatus },
    },
    handler: () => status(),
  });
}
