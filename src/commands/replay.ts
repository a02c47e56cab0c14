/** replay: asks a running center to work its rejects again, after a connector or a source's declaration was mended. */
import { readArguments, UsageError } from './arguments.ts';
import type { Command, Io } from './io.ts';

interface Reject {
  readonly id: string;
  readonly reason: string;
}

async function ask<T>(io: Io, key: string, url: string, body?: unknown): Promise<T> {
  const answer = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    signal: io.signal,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const told = (await answer.json()) as T & { title?: string; detail?: string };
  if (!answer.ok)
    throw new Error(`the center answered ${answer.status}: ${told.title ?? ''} ${told.detail ?? ''}`.trim());
  return told;
}

export const replay: Command = async (args, io) => {
  const { options } = readArguments(args, {
    usage: 'replay --source ID [--to URL] [--key KEY] [--limit N]',
    about:
      'Puts the rejected records of a source back into the queue. Those that still cannot be read become rejects again.',
    options: {
      to: { type: 'text', default: 'http://127.0.0.1:8080', value: 'URL', help: "the center's API" },
      key: { type: 'text', value: 'KEY', help: 'API key of an analyst or administrator (default: $HINOMI_KEY)' },
      source: { type: 'text', value: 'ID', help: 'source, e.g. kita-hospital.web' },
      limit: { type: 'number', default: 100_000, min: 1, help: 'rejects at most' },
    },
  });
  const key = options.key ?? io.env.HINOMI_KEY;
  if (options.source === undefined) throw new UsageError('say which source with --source');
  if (key === undefined) throw new UsageError('give an API key with --key or in HINOMI_KEY');
  const base = `${options.to.replace(/\/+$/, '')}/api/v1/rejects`;
  // All ids first: what is replayed and fails again comes back as a new reject, and must not be replayed for ever.
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({
      sourceId: options.source,
      limit: '500',
      ...(cursor !== undefined && { cursor }),
    });
    const page = await ask<{ items: Reject[]; next?: string }>(io, key, `${base}?${query}`);
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next;
  } while (cursor !== undefined && ids.length < options.limit);
  let replayed = 0;
  let cut = 0;
  for (let from = 0; from < Math.min(ids.length, options.limit); from += 500) {
    const part = ids.slice(from, Math.min(from + 500, options.limit));
    const told = await ask<{ replayed: number; cut: number }>(io, key, `${base}/replay`, { ids: part });
    replayed += told.replayed;
    cut += told.cut;
  }
  io.out(`${replayed} records go through the pipeline again.`);
  if (cut > 0) io.out(`${cut} were stored shortened (rejects.keepBytes) and cannot be replayed; ask their sender.`);
  return 0;
};
