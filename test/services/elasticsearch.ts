/**
 * A real Elasticsearch node of one's own on loopback, for tests, measurements and developers, set for a short life: small heap, quick
 * compiler only, no disk threshold. Never for data that anyone wants to keep.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, chmod, chown, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { distributions, type ElasticsearchVersion, fetchDistribution } from './distribution.ts';
import { findJava, type Java } from './java.ts';
import { freePort } from './port.ts';
import { MissingService, NOBODY, type Server, startServer } from './server.ts';

const run = promisify(execFile);

export interface ElasticsearchOptions {
  /** Holds data, logs and configuration; is made where it is missing. One node to a folder; root hands it over to nobody. */
  readonly folder: string;
  readonly version?: ElasticsearchVersion;
  /** With scripts, by-query, ingest processors, more analyzers, API keys: one large download more, a slower start. */
  readonly full?: boolean;
  /** Users and passwords; the user is `elastic`. */
  readonly security?: boolean;
  /** HTTPS with a certificate of its own making; switches security on. */
  readonly tls?: boolean;
  /** As Java writes it, "512m". */
  readonly heap?: string;
  /** Both of Java's compilers, as in earnest: a start costs twice the processor time, and after minutes of work it runs faster. */
  readonly bothCompilers?: boolean;
  /** Further settings of elasticsearch.yml. Settings of modules that are not there stop the start. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly port?: number;
}

export interface Elasticsearch extends Server {
  /** Of the user `elastic`. */
  readonly password?: string;
  /** The certificate to trust, PEM. */
  readonly ca?: string;
}

interface Parts {
  readonly home: string;
  readonly java: Java;
}

const asRoot = process.getuid?.() === 0;

/** The parts of a node, fetched where they are missing. Rejects with MissingService. */
export async function prepareElasticsearch(version: ElasticsearchVersion = '9.4.3', full = false): Promise<Parts> {
  if (process.platform === 'win32') throw new MissingService('Elasticsearch is started on Linux and macOS only');
  const java = await findJava(distributions[version].java, ['jdk.jlink']);
  return { java, home: await fetchDistribution(version, full) };
}

/** Resolves when its health is yellow or better; with security, when it knows its user. */
export async function startElasticsearch(options: ElasticsearchOptions): Promise<Elasticsearch> {
  const { version = '9.4.3', full = false, tls = false, heap = '512m' } = options;
  const security = options.security === true || tls;
  const parts = await prepareElasticsearch(version, full);
  const folder = resolve(options.folder);
  const port = options.port ?? (await freePort());
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const config = join(folder, 'config');
  const env = {
    ...process.env,
    JAVA_HOME: undefined,
    ES_JAVA_OPTS: undefined,
    ES_JAVA_HOME: parts.java.home,
    // The program that starts the node leaves a folder behind at every start: in ours, not in the system's.
    CLI_JAVA_OPTS: `-XX:TieredStopAtLevel=1 -Djava.io.tmpdir=${join(folder, 'tmp')}`,
    ES_PATH_CONF: config,
    ES_TMPDIR: join(folder, 'tmp'),
    HOME: folder,
  };

  await rm(config, { recursive: true, force: true });
  for (const name of ['data', 'logs', 'tmp']) await mkdir(join(folder, name), { recursive: true });
  await cp(join(parts.home, 'config'), config, { recursive: true });
  if (asRoot) await giveToNobody(folder, parts);
  const secrets = security ? await makeSecrets(parts, config, env, tls) : {};
  // The second compiler never pays back in the minutes that a test's node lives: without it a start takes half the processor time.
  const compilers = options.bothCompilers === true ? '' : '-XX:TieredStopAtLevel=1\n';
  await writeConfig(config, parts.java, `-Xms${heap}\n-Xmx${heap}\n${compilers}`, {
    'cluster.name': 'hinomi-test',
    'node.name': 'node-1',
    'network.host': '127.0.0.1',
    'http.port': String(port),
    // The kernel gives a free one: nobody has to know it.
    'transport.port': '0',
    'discovery.type': 'single-node',
    'path.data': join(folder, 'data'),
    'path.logs': join(folder, 'logs'),
    'xpack.security.enabled': String(security),
    // A full disk of the developer's machine would turn tests red.
    'cluster.routing.allocation.disk.threshold_enabled': 'false',
    ...(tls ? { 'xpack.security.http.ssl.enabled': 'true', 'xpack.security.http.ssl.keystore.path': 'http.p12' } : {}),
    ...options.settings,
  });
  if (asRoot) await giveToNobody(folder, parts);

  const health = `${url}/_cluster/health?wait_for_status=yellow&timeout=1s`;
  const pidFile = join(folder, 'pid');
  const server = await startServer({
    name: `Elasticsearch ${version}`,
    url,
    command: join(parts.home, 'bin/elasticsearch'),
    args: ['-p', pidFile],
    env,
    asNobody: asRoot,
    pidFile,
    answers: async () =>
      (await askStatus(health, secrets)) === 200 &&
      // Right after a start the right password may still be refused once.
      (!security || (await askStatus(`${url}/_security/_authenticate`, secrets)) === 200),
    startLimitMs: 180_000,
  });
  // Descriptors, for the process id changes with a restart.
  return Object.defineProperties({ ...secrets } as Elasticsearch, Object.getOwnPropertyDescriptors(server));
}

interface Secrets {
  readonly password?: string;
  readonly ca?: string;
}

/** Puts password and certificate into the node's configuration. */
async function makeSecrets(
  { home, java }: Parts,
  config: string,
  env: NodeJS.ProcessEnv,
  tls: boolean,
): Promise<Secrets> {
  const password = randomBytes(12).toString('hex');
  const running = { env, timeout: 60_000, ...(asRoot ? { uid: NOBODY, gid: NOBODY } : {}) };
  const names = ['bootstrap.password'];
  let ca: string | undefined;
  if (tls) {
    names.push('xpack.security.http.ssl.keystore.secure_password');
    const keytool = async (...args: string[]): Promise<string> => {
      const keystore = ['-keystore', join(config, 'http.p12'), '-storetype', 'PKCS12', '-storepass:env', 'STOREPASS'];
      const options = { ...running, env: { ...env, STOREPASS: password } };
      return (await run(join(java.home, 'bin/keytool'), [...args, '-alias', 'http', ...keystore], options)).stdout;
    };
    const subject = ['-dname', 'CN=localhost', '-ext', 'san=dns:localhost,ip:127.0.0.1'];
    await keytool('-genkeypair', '-keyalg', 'EC', '-validity', '30', ...subject);
    ca = await keytool('-exportcert', '-rfc');
  }
  const adding = run(join(home, 'bin/elasticsearch-keystore'), ['add', '-x', '-f', ...names], running);
  adding.child.stdin?.end(names.map(() => `${password}\n`).join(''));
  await adding;
  return { password, ...(ca === undefined ? {} : { ca }) };
}

async function writeConfig(config: string, java: Java, jvm: string, settings: Record<string, string>): Promise<void> {
  const yaml = Object.entries(settings).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
  await writeFile(join(config, 'elasticsearch.yml'), yaml.join(''));
  if (!java.modules.has('jdk.incubator.vector')) {
    const path = join(config, 'jvm.options');
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll(/^.*jdk\.incubator\.vector.*$/gm, ''));
  }
  await mkdir(join(config, 'jvm.options.d'), { recursive: true });
  await appendFile(join(config, 'jvm.options.d/test.options'), `${jvm}-XX:-AlwaysPreTouch\n`);
}

/**
 * Elasticsearch refuses to run as root: it runs as nobody, who must own the folder and reach it and its parts. A temporary folder is
 * made for its owner alone; it is opened for passing through, not for reading. Other folders are left as they are.
 */
async function giveToNobody(folder: string, { home, java }: Parts): Promise<void> {
  for (const place of [dirname(folder), home, java.home])
    for (let above = place; ; above = dirname(above)) {
      const { mode } = await stat(above);
      if ((mode & 0o001) === 0) {
        if (!above.startsWith(join(tmpdir(), '/')))
          throw new Error(
            `${above} cannot be entered by the user nobody, as whom Elasticsearch runs when root starts it; chmod a+x ${above}`,
          );
        await chmod(above, (mode & 0o7777) | 0o011);
      }
      if (above === dirname(above)) break;
    }
  await chown(folder, NOBODY, NOBODY);
  for (const entry of await readdir(folder, { recursive: true })) await chown(join(folder, entry), NOBODY, NOBODY);
}

/** The status of an answer; rejects when there is none. */
async function askStatus(url: string, { password, ca }: Secrets): Promise<number> {
  return await new Promise((settle, fail) => {
    const request = (ca === undefined ? requestHttp : requestHttps)(url, {
      timeout: 5000,
      agent: false,
      ...(ca === undefined ? {} : { ca }),
      ...(password === undefined ? {} : { auth: `elastic:${password}` }),
    });
    request.on('timeout', () => request.destroy(new Error(`${url} did not answer`)));
    request.on('error', fail);
    request.on('response', (response) => {
      response.resume();
      settle(response.statusCode ?? 0);
    });
    request.end();
  });
}
