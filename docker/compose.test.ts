/**
 * docker-compose.yml, docker/ and the code say the same: settings, roles, files. And what a careless edit would lose: limits, health,
 * addresses, pinned images, no password in a file. Whether an engine runs them is not tested here.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, glob, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { settings } from '../src/config.ts';
import { roles } from '../src/peers/peers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Service {
  readonly image: string;
  readonly pull_policy?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test?: unknown; readonly disable?: boolean };
  readonly restart?: string;
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
  readonly networks?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly deploy: {
    readonly replicas?: number;
    readonly resources: { readonly limits: Record<string, string | number> };
  };
}

const composeText = read('docker-compose.yml');
const compose = parse(composeText, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
};
const services = Object.entries(compose.services);
const lasting = services.filter(([, { restart }]) => restart === 'unless-stopped');
const dockerfile = read('docker/Dockerfile').replaceAll('\\\n', ' ').split('\n');
const instructions = (name: string): string[] =>
  dockerfile.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1).trim());

const known = new Set(settings.map(({ env }) => env));
const roleOf = ({ command }: { readonly command?: readonly string[] | undefined }): string | undefined =>
  command?.[0] === 'serve' ? command[command.indexOf('--role') + 1] : undefined;

describe('docker-compose.yml', () => {
  it('gives the center settings that there are', () => {
    const given = services.flatMap(([, { environment }]) =>
      Object.keys(environment ?? {}).filter((name) => name.startsWith('HINOMI_')),
    );
    expect(given).toContain('HINOMI_QUEUE_REDIS_URL');
    expect(given.filter((name) => !known.has(name))).toEqual([]);
  });

  it('runs every role, and a second correlator that waits', () => {
    expect(services.flatMap(([, service]) => roleOf(service) ?? []).sort()).toEqual([...roles].sort());
    expect(compose.services.correlator?.deploy.replicas).toBe(2);
  });

  it.each(services)('%s is limited and may do nothing beyond its work', (_name, service) => {
    expect(service.deploy.resources.limits).toEqual({
      cpus: expect.anything(),
      memory: expect.anything(),
      pids: expect.anything(),
    });
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    if (service.image === 'hinomi:local') expect(service).toMatchObject({ read_only: true, pull_policy: 'never' });
  });

  it('starts on two processors: the engine refuses a container that may use more than there are', () => {
    const given = services.map(([, { deploy }]) => String(deploy.resources.limits.cpus));
    const numbers = given.map((text) => Number(/^\$\{\w+:-([\d.]+)\}$/.exec(text)?.[1] ?? text));
    expect(numbers.filter((cpus) => !(cpus <= 2))).toEqual([]);
  });

  it.each(lasting)('%s is looked after: its health is asked for', (_name, { image, healthcheck }) => {
    const own = image === 'hinomi:local' && instructions('HEALTHCHECK').length === 1;
    expect(healthcheck?.test !== undefined || own).toBe(true);
    expect(healthcheck?.disable).toBeUndefined();
  });

  it('is reached from outside at intake and API only, on loopback unless told otherwise', () => {
    const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => `${name} ${port}`));
    const address = '$' + '{HINOMI_PUBLISH_ADDRESS:-127.0.0.1}';
    expect(published).toEqual([`intake ${address}:8088:8088`, `api ${address}:8080:8080`]);
    expect(compose.networks.center?.internal).toBe(true);
    const onOutside = services.filter(([, { networks }]) => networks?.includes('outside')).map(([name]) => name);
    expect(onOutside).toEqual(['intake', 'api']);
  });

  it('takes images by version', () => {
    const stages = instructions('FROM').map((from) => from.split(' ')[0] as string);
    const foreign = services.map(([, { image }]) => image).filter((image) => image !== 'hinomi:local');
    expect(stages.length).toBeGreaterThan(1);
    expect([...foreign, ...stages].filter((image) => !/^[\w/-]+:\d+(\.\d+)*(-\w+)?$/.test(image))).toEqual([]);
  });

  it('holds no password, and says what to do where one is missing', () => {
    const secret = /^\$\{(HINOMI_\w+):\?run "sh docker\/secrets\.sh" once, it writes \.env\}$/;
    const values = services.flatMap(([, { environment = {}, command = [] }]) => [
      ...Object.entries(environment).flatMap(([name, value]) => (/PASSWORD|AUTH$|KEY$/.test(name) ? [value] : [])),
      ...Object.values(environment).flatMap((value) => /:\/\/[^/]*?:(.*)@/.exec(value)?.[1] ?? []),
      ...command.filter((_, index) => command[index - 1] === '--requirepass'),
    ]);
    expect(values.length).toBeGreaterThan(8);
    expect(values.filter((value) => !secret.test(value))).toEqual([]);
    const names = new Set(values.map((value) => secret.exec(value)?.[1]));
    const written = [...read('docker/secrets.sh').matchAll(/^(HINOMI_\w+)=/gm)].map(([, name]) => name);
    expect([...names].sort()).toEqual(written.sort());
  });

  it('mounts files that are there', () => {
    const files = services.flatMap(([, { volumes }]) =>
      volumes.filter((volume) => volume.startsWith('./')).map((volume) => volume.split(':')[0] as string),
    );
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('mounts something at the data folder of each of its containers: the engine would leave a nameless volume behind', () => {
    const [folder] = instructions('VOLUME');
    expect(folder).toBe('/var/lib/hinomi');
    const without = services.filter(
      ([, { image, volumes }]) =>
        image === 'hinomi:local' && !volumes.some((volume) => volume.split(':')[1] === folder),
    );
    expect(without.map(([name]) => name)).toEqual([]);
  });

  it('has its variables explained in docs/cluster.md', () => {
    const guide = read('docs/cluster.md');
    const used = new Set([...composeText.matchAll(/\$\{(HINOMI_\w+)/g)].map(([, name]) => name as string));
    expect([...used].filter((name) => !guide.includes(name))).toEqual([]);
  });
});

describe('the image', () => {
  const copied = instructions('COPY')
    .filter((line) => !line.startsWith('--from'))
    .flatMap((line) => line.split(/\s+/).slice(0, -1));
  const context = read('docker/Dockerfile.dockerignore').split('\n');

  it('is made of what is there and is sent to the engine', () => {
    expect(copied).toContain('src');
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const sent = context.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(context.find((line) => line !== '' && !line.startsWith('#'))).toBe('*');
    expect(copied.filter((path) => !sent.some((part) => path === part || path.startsWith(`${part}/`)))).toEqual([]);
  });

  it('lacks no file that the program imports', async () => {
    const left = /\.(test|contract|fixture)\.ts$/;
    for (const [, kind] of read('docker/Dockerfile.dockerignore').matchAll(/^\*\*\/\*\.(\w+)\.ts$/gm))
      expect(`x.${kind}.ts`).toMatch(left);
    const importing: string[] = [];
    for await (const path of glob(['src/**/*.{ts,tsx}', 'connectors/**/*.ts'], { cwd: root })) {
      if (left.test(path)) continue;
      const text = await readFile(join(root, path), 'utf8');
      if (/from '[^']*\.(test|contract|fixture)\.ts'/.test(text)) importing.push(path);
    }
    expect(importing).toEqual([]);
  });

  it('has settings that there are, and a user who is not root', () => {
    const names = instructions('ENV').flatMap((line) => [...line.matchAll(/(HINOMI_\w+)=/g)].map(([, name]) => name));
    expect(names).toContain('HINOMI_PROBES_PORT');
    expect(names.filter((name) => !known.has(name as string))).toEqual([]);
    expect(instructions('USER').at(-1)).toMatch(/^[1-9]\d+:[1-9]\d+$/);
  });
});

it('Redis forgets nothing that it acknowledged, and has the room to rewrite its file', () => {
  const lines = read('docker/redis.conf').split('\n');
  for (const line of ['appendonly yes', 'appendfsync always', 'maxmemory-policy noeviction'])
    expect(lines).toContain(line);
  const mb = (text: string): number => {
    const [, number, unit] = /^(\d+)(m|g)b?$/.exec(text) ?? [];
    return Number(number) * (unit === 'g' ? 1024 : 1);
  };
  const most = mb(lines.find((line) => line.startsWith('maxmemory '))?.split(' ')[1] ?? '');
  const limit = mb(String(compose.services.redis?.deploy.resources.limits.memory));
  expect(limit).toBeGreaterThanOrEqual(2 * most);
});

it('secrets.sh makes passwords for their owner alone, once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-secrets-'));
  try {
    await mkdir(join(folder, 'docker'));
    await cp(join(root, 'docker/secrets.sh'), join(folder, 'docker/secrets.sh'));
    const run = () => promisify(execFile)('sh', [join(folder, 'docker/secrets.sh')], { timeout: 10_000 });
    await run();
    const text = await readFile(join(folder, '.env'), 'utf8');
    const values = [...text.matchAll(/^HINOMI_\w+=(.*)$/gm)].map(([, value]) => value as string);
    expect(values).toHaveLength(3);
    expect(new Set(values).size).toBe(3);
    for (const value of values) expect(value).toMatch(/^[0-9a-f]{48}$/);
    expect((await stat(join(folder, '.env'))).mode & 0o777).toBe(0o600);
    await expect(run()).rejects.toThrow(/there is an \.env already/);
    expect(await readFile(join(folder, '.env'), 'utf8')).toBe(text);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

describe('kubernetes.yml', () => {
  interface Container {
    readonly args: readonly string[];
    readonly readinessProbe?: unknown;
    readonly livenessProbe?: unknown;
    readonly resources: { readonly limits: Readonly<Record<string, string>> };
    readonly securityContext: object;
  }
  interface Part {
    readonly kind: string;
    readonly data?: Readonly<Record<string, string>>;
    readonly spec?: { readonly template: { readonly spec: { enableServiceLinks?: boolean; containers: Container[] } } };
  }
  const parts = parseAllDocuments(read('docker/kubernetes.yml')).map((document) => document.toJS() as Part);
  const pods = parts.flatMap(({ kind, spec }) => (kind === 'Deployment' && spec ? [spec.template.spec] : []));

  it('gives settings that there are to every role', () => {
    const names = parts.flatMap(({ data }) => Object.keys(data ?? {}));
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    const served = pods.flatMap(({ containers }) => containers.map(({ args }) => roleOf({ command: args })));
    expect(served.sort()).toEqual([...roles].sort());
  });

  it('makes no variable out of a service that would be read as a setting', () => {
    expect(known).toContain('HINOMI_API_PORT');
    expect(pods.filter(({ enableServiceLinks }) => enableServiceLinks !== false)).toEqual([]);
  });

  it('asks every process how it is, limits it, and lets it write nothing', () => {
    for (const { containers } of pods)
      for (const container of containers)
        expect(container).toMatchObject({
          readinessProbe: { httpGet: { path: '/readyz', port: 9600 } },
          livenessProbe: { httpGet: { path: '/healthz', port: 9600 } },
          resources: { limits: { memory: expect.any(String) } },
          securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
        });
  });
});
