/** Connectors: the log products this center reads, and the settings a source of each may have. */
import { z } from 'zod';
import { everyRole } from '../access.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { listOf } from '../schema.ts';

const connectorView = z.object({
  type: z.string(),
  summary: z.object({ en: z.string(), ja: z.string() }),
  records: z.enum(['lines', 'json']),
  config: z.record(z.string(), z.unknown()).describe('JSON Schema of the settings'),
});

export function addConnectors(server: ApiServer, { connectors }: ApiParts): void {
  const items = connectors.map(({ type, summary, records, config }) => ({
    type,
    summary: { ...summary },
    records,
    config: z.toJSONSchema(config, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>,
  }));

  server.route({
    method: 'GET',
    url: '/api/v1/connectors',
    config: { access: everyRole },
    schema: {
      operationId: 'listConnectors',
      summary: 'Log products that a source can be of',
      tags: ['connectors'],
      response: { 200: listOf(connectorView).omit({ next: true }) },
    },
    handler: async () => ({ items }),
  });
}
