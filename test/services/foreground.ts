/**
 * `npm run services`: a Redis and an Elasticsearch for a developer, until Ctrl-C; test runs then use these instead of starting their
 * own. Their data goes when they end: nothing here is for keeping.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Elasticsearch, prepareElasticsearch, startElasticsearch } from './elasticsearch.ts';
import { prepareRedis, startRedis } from './redis.ts';
import { MissingService, type Server } from './server.ts';

const usage = `npm run services -- [--full] [--security] [--check [--all]]
  --full      Elasticsearch with scripts, ingest processors, API keys (fetches 950 MB once)
  --security  Elasticsearch asks for a password
  --check     only say whether this machine can, and fetch what is missing
  --all       for --check: all that any test asks for, Elasticsearch 8 too`;

function readArguments(): { full: boolean; security: boolean; check: boolean; all: boolean; help: boolean } {
  const off = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({ options: { full: off, security: off, check: off, all: off, help: off } }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

/** Everything that is missing at once, so that it can be installed at once. */
async function check(full: boolean, all: boolean): Promise<void> {
  const looked = await Promise.allSettled([
    prepareRedis(),
    prepareElasticsearch('9.4.3', full || all),
    ...(all ? [prepareElasticsearch('8.19.21')] : []),
  ]);
  const wrong = looked.filter((result) => result.status === 'rejected').map(({ reason }) => reason as Error);
  const other = wrong.find((error) => !(error instanceof MissingService));
  if (other !== undefined) throw other;
  if (wrong.length > 0) throw new MissingService(wrong.map(({ message }) => message).join('\n'));
}

function addressOf({ url, password }: Elasticsearch): string {
  return password === undefined ? url : url.replace('//', `//elastic:${password}@`);
}

async function serve(full: boolean, security: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-foreground-'));
  const servers: Server[] = [];
  const keep = async <S extends Server>(starting: Promise<S>): Promise<S> => {
    const server = await starting;
    servers.push(server);
    return server;
  };
  const ending = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => ending.resolve());
  try {
    const starting = Promise.all([
      keep(startRedis({ folder: join(folder, 'redis') })),
      keep(startElasticsearch({ folder: join(folder, 'elasticsearch'), full, security })),
    ]);
    const started = await Promise.race([starting, ending.promise]);
    if (started === undefined) return;
    const [redis, elasticsearch] = started;
    console.log(`export HINOMI_TEST_REDIS_URL=${redis.url}`);
    console.log(`export HINOMI_TEST_ELASTICSEARCH_URL=${addressOf(elasticsearch)}`);
    console.error('Both run until Ctrl-C; paste the two lines into the shell where you run the tests.');
    await ending.promise;
  } finally {
    for (const server of servers) await server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

const { full, security, check: onlyCheck, all, help } = readArguments();
try {
  if (help) console.log(usage);
  else {
    await check(full, all && onlyCheck);
    if (!onlyCheck) await serve(full, security);
  }
  // What is still starting ends with this process.
  process.exit(0);
} catch (error) {
  console.error(error instanceof MissingService ? error.message : error);
  process.exit(2);
}
