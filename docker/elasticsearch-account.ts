/**
 * Gives the center an account of its own in Elasticsearch: a role for its own indices and no others, and a user with it. Run by
 * whoever may do that, as often as one likes; an account that is there gets this role and this password. Touches no data.
 *
 *   ELASTICSEARCH_URL   https://host:9200, trusted by way of NODE_EXTRA_CA_CERTS
 *   ELASTIC_PASSWORD    of the user "elastic", who does it
 *   ACCOUNT_PASSWORD    that the user "hinomi" will have
 *   ACCOUNT_PREFIX      what the names of the center's indices begin with (store.elasticsearch.prefix), "hinomi" where left out
 */
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 120_000;
const NAME = 'hinomi';

interface Cluster {
  readonly url: string;
  readonly authorization: string;
}

try {
  const cluster: Cluster = {
    url: variable('ELASTICSEARCH_URL').replace(/\/$/, ''),
    authorization: `Basic ${Buffer.from(`elastic:${variable('ELASTIC_PASSWORD')}`).toString('base64')}`,
  };
  const password = variable('ACCOUNT_PASSWORD');
  // What src/store/elasticsearch*.ts asks for: the version of the nodes, the template of its indices (Elasticsearch has no privilege
  // for one template alone), and its own indices.
  const role = {
    cluster: ['monitor', 'manage_index_templates'],
    indices: [{ names: [`${variable('ACCOUNT_PREFIX', 'hinomi')}-*`], privileges: ['read', 'write', 'manage'] }],
  };
  await put(cluster, `/_security/role/${NAME}`, role);
  await put(cluster, `/_security/user/${NAME}`, { password, roles: [NAME], full_name: 'Hinomi, the center itself' });
  console.log(`${cluster.url}: the user "${NAME}" has the role "${NAME}": ${JSON.stringify(role)}`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

function variable(name: string, otherwise?: string): string {
  const value = process.env[name] || otherwise;
  if (value === undefined) throw new Error(`${name} is not set; docker/elasticsearch-account.ts says what it is`);
  return value;
}

/** Waits for a node that has just begun: it refuses connections, and the right password for a moment. */
async function put(cluster: Cluster, path: string, body: object): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const failure = await tryPut(cluster, path, body);
    if (failure === undefined) return;
    if (!failure.passing || performance.now() > deadline)
      throw new Error(`${cluster.url}: PUT ${path}: ${failure.reason}`);
    await sleep(1_000);
  }
}

/** Undefined: done. */
async function tryPut(
  { url, authorization }: Cluster,
  path: string,
  body: object,
): Promise<{ readonly reason: string; readonly passing: boolean } | undefined> {
  try {
    const answer = await fetch(url + path, {
      method: 'PUT',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await answer.text();
    if (answer.ok) return undefined;
    const passing = answer.status === 401 || answer.status === 429 || answer.status >= 500;
    return { reason: `${answer.status} ${text.slice(0, 500)}`, passing };
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    return { reason: cause?.message ?? message, passing: true };
  }
}
