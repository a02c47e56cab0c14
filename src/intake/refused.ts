/** Counts what the door turned away, by source and hour, and writes it to the ledger now and then. Keeps no record itself. */
import type { Source } from '../model/member.ts';
import type { Store } from '../store/store.ts';

export interface Refused {
  add(source: Source, records: number): void;
  /** Writes what has gathered; at most the last two seconds are lost with the process. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export function createRefused(
  store: Pick<Store, 'addRefused'>,
  onError: (error: unknown) => void,
  now: () => number = Date.now,
): Refused {
  let rows = new Map<string, { memberId: string; sourceId: string; hour: string; records: number }>();
  const flush = async (): Promise<void> => {
    if (rows.size === 0) return;
    const writing = rows;
    rows = new Map();
    try {
      await store.addRefused([...writing.values()]);
    } catch (error) {
      for (const row of writing.values()) count(row.memberId, row.sourceId, row.hour, row.records);
      onError(error);
    }
  };
  const count = (memberId: string, sourceId: string, hour: string, records: number): void => {
    const key = `${sourceId} ${hour}`;
    const row = rows.get(key);
    if (row !== undefined) row.records += records;
    else rows.set(key, { memberId, sourceId, hour, records });
  };
  const timer = setInterval(() => void flush(), 2_000);
  timer.unref();
  return {
    add(source, records) {
      if (records > 0)
        count(source.memberId, source.id, `${new Date(now()).toISOString().slice(0, 13)}:00:00.000Z`, records);
    },
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
