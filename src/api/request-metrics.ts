/** Counts and times the API's own requests for /metrics, per route and status class. Labels come from our routes, never from requests. */
import type { FastifyInstance } from 'fastify';

interface Tally {
  readonly labels: string;
  count: number;
  seconds: number;
}

export interface RequestMetrics {
  /** Prometheus' text format. */
  text(): string;
}

/** Long-lived streams are counted when they end and not timed. */
export function addRequestMetrics(server: FastifyInstance): RequestMetrics {
  const tallies = new Map<string, Tally>();
  server.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    const labels = `method="${request.is404 ? 'any' : request.method}",route="${route}",status="${Math.floor(reply.statusCode / 100)}xx"`;
    let tally = tallies.get(labels);
    if (tally === undefined) {
      tally = { labels, count: 0, seconds: 0 };
      tallies.set(labels, tally);
    }
    tally.count++;
    if (route !== '/api/v1/stream') tally.seconds += reply.elapsedTime / 1_000;
  });
  return {
    text() {
      const all = [...tallies.values()];
      return [
        '# HELP hinomi_api_requests_total Requests answered by the API.',
        '# TYPE hinomi_api_requests_total counter',
        ...all.map(({ labels, count }) => `hinomi_api_requests_total{${labels}} ${count}`),
        '# HELP hinomi_api_request_seconds_total Time it took to answer them.',
        '# TYPE hinomi_api_request_seconds_total counter',
        ...all.map(({ labels, seconds }) => `hinomi_api_request_seconds_total{${labels}} ${seconds.toFixed(6)}`),
        '',
      ].join('\n');
    },
  };
}
