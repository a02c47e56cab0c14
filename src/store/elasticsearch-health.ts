/**
 * The health of the cluster's store, of our own indices only: several centers and other programs may share the servers. Asks for
 * what every distribution answers (cluster health, blocks, the nodes' disks) and changes nothing.
 */
import type { StoreHealth } from '../model/status.ts';
import { judgeDisks } from './disk.ts';
import { type Answer, type Elastic, RequestRefused } from './elasticsearch-connection.ts';

export interface ClusterHealth {
  /** Of our indices. */
  readonly status: 'green' | 'yellow' | 'red';
  readonly number_of_data_nodes: number;
  readonly indices?: Readonly<Record<string, { readonly status: 'green' | 'yellow' | 'red' }>>;
}

export interface Block {
  readonly description: string;
  readonly levels: readonly string[];
}

/** Blocks by their number: of the whole cluster, and of our indices. */
export interface ClusterBlocks {
  readonly global?: Readonly<Record<string, Block>>;
  readonly indices?: Readonly<Record<string, Readonly<Record<string, Block>>>>;
}

export interface NodeDisks {
  readonly [node: string]: {
    readonly name: string;
    readonly fs?: { readonly total?: { readonly total_in_bytes?: number; readonly available_in_bytes?: number } };
  };
}

export interface Findings {
  /** Undefined: the nodes have no master, and `reason` is how they say it. */
  readonly cluster: ClusterHealth | undefined;
  readonly reason: string;
  readonly blocks: ClusterBlocks;
  readonly nodes: NodeDisks;
}

/** Set by the server itself when a disk is nearly full: of the cluster, of an index. */
const floodBlocks = ['12', '13'];
/** A node without a master answers after so long. */
const PATIENCE = '2s';

export async function readHealth(elastic: Elastic): Promise<StoreHealth> {
  const indices = `${elastic.prefix}-*`;
  const ask = <T>(path: string, query: Record<string, string>): Promise<Answer<T>> =>
    // A node that has no master says so with 503, and waiting here would keep the page from saying it.
    elastic.request<T>({ method: 'GET', path, query, accept: [408, 503] });
  try {
    const [cluster, state, disks] = await Promise.all([
      ask<ClusterHealth & { error?: { reason?: string } }>(`/_cluster/health/${indices}`, {
        level: 'indices',
        timeout: PATIENCE,
        master_timeout: PATIENCE,
        filter_path: 'status,number_of_data_nodes,indices.*.status,error.reason',
      }),
      ask<{ blocks?: ClusterBlocks }>(`/_cluster/state/blocks/${indices}`, {
        master_timeout: PATIENCE,
        filter_path: 'blocks',
      }),
      ask<{ nodes?: NodeDisks }>('/_nodes/data:true/stats/fs', { filter_path: 'nodes.*.name,nodes.*.fs.total' }),
    ]);
    return judgeCluster({
      cluster: cluster.status === 503 ? undefined : cluster.body,
      reason: cluster.body.error?.reason ?? `HTTP ${cluster.status}`,
      blocks: state.body.blocks ?? {},
      nodes: disks.body.nodes ?? {},
    });
  } catch (error) {
    if (error instanceof RequestRefused) {
      const detail = `${error.message}; give the center's user the cluster privilege "monitor"`;
      return { state: 'strained', reason: 'unknown', detail, diskFreeBytes: null, diskTotalBytes: null };
    }
    const detail = `${(error as Error).message}; check that Elasticsearch runs and that the network leads to it`;
    return { state: 'bad', reason: 'unreachable', detail, diskFreeBytes: null, diskTotalBytes: null };
  }
}

/** The gravest of what was found. */
export function judgeCluster({ cluster, reason, blocks, nodes }: Findings): StoreHealth {
  const room = judgeDisks(
    Object.values(nodes).flatMap(({ name, fs }) => {
      const { total_in_bytes: totalBytes, available_in_bytes: freeBytes } = fs?.total ?? {};
      return totalBytes === undefined || freeBytes === undefined ? [] : [{ name, freeBytes, totalBytes }];
    }),
  );
  const disk = { diskFreeBytes: room.diskFreeBytes, diskTotalBytes: room.diskTotalBytes };
  if (cluster === undefined) {
    const detail = `Elasticsearch has no master (${reason}): see which nodes are down, and start enough of them again`;
    return { state: 'bad', reason: 'no-master', detail, ...disk };
  }
  const block = gravestBlock(blocks);
  if (block !== undefined) return { state: 'bad', ...block, ...disk };
  const lacking = (status: string): string =>
    few(Object.entries(cluster.indices ?? {}).flatMap(([name, index]) => (index.status === status ? [name] : [])));
  if (cluster.status === 'red') {
    const detail = `data of ${lacking('red')} cannot be reached: start the nodes that are down; GET /_cluster/allocation/explain says what is missing`;
    return { state: 'bad', reason: 'shards-missing', detail, ...disk };
  }
  if (room.state === 'bad') return room;
  // Where there is one node, a copy has no place to be.
  if (cluster.status === 'yellow' && cluster.number_of_data_nodes > 1) {
    const detail = `the second copy of ${lacking('yellow')} is missing or being made: if this lasts, start the nodes that are down; GET /_cluster/allocation/explain says what is missing`;
    return { state: 'strained', reason: 'copies-missing', detail, ...disk };
  }
  return room;
}

function gravestBlock({
  global = {},
  indices = {},
}: ClusterBlocks): Pick<StoreHealth, 'reason' | 'detail'> | undefined {
  const blocks = [['the cluster', global] as const, ...Object.entries(indices)].flatMap(([where, ofIt]) =>
    Object.entries(ofIt)
      .filter(([, { levels }]) => levels.includes('write'))
      .map(([number, { description }]) => ({ where, flood: floodBlocks.includes(number), description })),
  );
  const flooded = blocks.filter(({ flood }) => flood);
  const [first] = flooded.length > 0 ? flooded : blocks;
  if (first === undefined) return undefined;
  const where = few((flooded.length > 0 ? flooded : blocks).map((block) => block.where));
  if (first.flood) {
    const detail = `${where}: Elasticsearch takes no more writes because a disk is nearly full (${first.description}); free disk space or add a node, and it takes writes again by itself within a minute`;
    return { reason: 'disk-full', detail };
  }
  const detail = `${where}: writes are refused (${first.description}); take the block away (index.blocks.*, cluster.blocks.*), or ask who set it`;
  return { reason: 'read-only', detail };
}

const few = (names: readonly string[]): string =>
  names.length <= 3
    ? names.join(', ') || 'some indices'
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
