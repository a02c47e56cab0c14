/**
 * The house's rules, read from its sources: who may import whom, no cycles, no file over 400 lines, no names that say nothing.
 * The rules are those of docs/architecture.md.
 */
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { dirname, join, matchesGlob, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Source {
  readonly path: string;
  readonly lines: number;
  /** Imported project files, relative to the root; type-only imports apart. */
  readonly imports: readonly string[];
  readonly typeImports: readonly string[];
  readonly packages: readonly string[];
}

function read(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8');
  const imports: string[] = [];
  const typeImports: string[] = [];
  const packages: string[] = [];
  const statements = text.matchAll(
    /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/gm,
  );
  for (const [, onlyType, from, dynamic] of statements) {
    const target = (from ?? dynamic) as string;
    if (!target.startsWith('.')) packages.push(target);
    else (onlyType === undefined ? imports : typeImports).push(relative(root, join(root, dirname(path), target)));
  }
  return { path, lines: text.split('\n').length - 1, imports, typeImports, packages };
}

const sources: Source[] = [];
for await (const path of glob(['src/**/*.{ts,tsx}', 'connectors/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts'], {
  cwd: root,
  exclude: (name) => name === 'dist' || name === 'node_modules',
})) {
  sources.push(read(path));
}
const product = sources.filter(
  ({ path }) => !/\.(test|contract)\.tsx?$/.test(path) && !path.startsWith('test/') && !path.startsWith('bench/'),
);

/** What the files of a place may import, as prefixes of paths; `types` may be imported with `import type` only. */
const mayImport: Record<string, { values: readonly string[]; types?: readonly string[] }> = {
  'src/model/': { values: ['src/model/'] },
  'src/search/': { values: ['src/search/', 'src/model/', 'src/own-copy.ts'] },
  'src/detect/': { values: ['src/detect/', 'src/model/', 'src/errors.ts', 'src/own-copy.ts'] },
  'src/correlate/': {
    values: ['src/correlate/', 'src/model/', 'src/errors.ts', 'src/ids.ts'],
    types: ['src/detect/rule.ts'],
  },
  'src/incident/': {
    values: ['src/incident/', 'src/correlate/', 'src/model/', 'src/errors.ts', 'src/ids.ts'],
    types: ['src/detect/rule.ts', 'src/store/store.ts'],
  },
  'src/queue/': { values: ['src/queue/', 'src/thread.ts', 'src/redis-ready.ts'], types: ['src/model/'] },
  'src/peers/': { values: ['src/peers/', 'src/redis-ready.ts'], types: ['src/store/store.ts'] },
  'src/store/': { values: ['src/store/', 'src/search/', 'src/model/', 'src/thread.ts', 'src/ids.ts'] },
  'src/intake/': {
    values: [
      'src/intake/',
      'src/model/',
      'src/errors.ts',
      'src/ids.ts',
      'src/access/',
      'src/pipeline/frame.ts',
      'src/connector.ts',
      'src/unpack.ts',
    ],
    types: ['src/queue/queue.ts', 'src/store/store.ts', 'src/telemetry/tracer.ts'],
  },
  'src/telemetry/': { values: ['src/telemetry/'] },
  'src/pipeline/': {
    values: [
      'src/pipeline/',
      'src/model/',
      'src/errors.ts',
      'src/ids.ts',
      'src/connector.ts',
      'src/store/store.ts',
      'src/unpack.ts',
    ],
    types: ['src/queue/queue.ts', 'src/detect/', 'src/correlate/', 'src/incident/', 'src/telemetry/tracer.ts'],
  },
  'src/api/': {
    values: [
      'src/api/',
      'src/model/',
      'src/errors.ts',
      'src/ids.ts',
      'src/access/',
      'src/search/',
      'src/connector.ts',
      'src/store/store.ts',
      'src/detect/rule.ts',
    ],
    types: ['src/queue/queue.ts', 'src/detect/', 'src/config.ts'],
  },
  'src/scan/': {
    values: [
      'src/scan/',
      'src/archive/',
      'src/evtx/',
      'src/detect/',
      'src/model/',
      'src/connector.ts',
      'src/input.ts',
      'src/intake/split.ts',
      'src/pipeline/decode.ts',
      'src/send/cut.ts',
    ],
  },
  'src/archive/': { values: ['src/archive/'] },
  'src/evtx/': { values: ['src/evtx/'] },
  'src/packs/': {
    values: ['src/packs/', 'src/archive/', 'src/detect/', 'src/model/'],
    types: ['src/rule-texts.ts'],
  },
  'src/backup/': {
    values: ['src/backup/', 'src/input.ts', 'src/ids.ts', 'src/packs/pack-folder.ts', 'src/pipeline/records.ts'],
    types: ['src/store/copy.ts', 'src/store/store.ts', 'src/queue/queue.ts'],
  },
  'src/send/': { values: ['src/send/', 'src/model/', 'src/input.ts', 'src/progress.ts', 'src/commands/io.ts'] },
  'src/access/': { values: ['src/access/', 'src/model/', 'src/errors.ts'] },
  'src/console/': { values: ['src/console/'], types: ['src/model/'] },
  'src/connector.ts': { values: ['src/model/'] },
  'connectors/': { values: ['src/connector.ts', 'src/model/', 'connectors/'] },
};

describe('who may import whom', () => {
  const placed = product.filter(({ path }) => Object.keys(mayImport).some((place) => path.startsWith(place)));
  it.each(placed.map((source) => [source.path, source] as const))('%s', (path, source) => {
    const place = Object.keys(mayImport).find((prefix) => path.startsWith(prefix)) as string;
    const rule = mayImport[place] as (typeof mayImport)[string];
    const allowed = (target: string, prefixes: readonly string[]): boolean =>
      prefixes.some((prefix) => target.startsWith(prefix));
    expect(source.imports.filter((target) => !allowed(target, rule.values))).toEqual([]);
    expect(source.typeImports.filter((target) => !allowed(target, [...rule.values, ...(rule.types ?? [])]))).toEqual(
      [],
    );
  });

  it('a connector imports its own folder only, and the list imports them all', () => {
    for (const { path, imports } of product.filter(
      (source) => source.path.startsWith('connectors/') && source.path !== 'connectors/index.ts',
    )) {
      const own = path.split('/').slice(0, 2).join('/');
      expect(imports.filter((target) => target.startsWith('connectors/') && !target.startsWith(`${own}/`))).toEqual([]);
    }
  });

  it('only engines.ts names an adapter', () => {
    const adapters = /^src\/((queue|store|peers)\/(sqlite|bullmq|elasticsearch|redis|alone)|telemetry\/otlp)\.ts$/;
    const naming = product.filter(
      ({ path, imports }) => imports.some((target) => adapters.test(target)) && path !== 'src/engines.ts',
    );
    expect(naming.map(({ path }) => path)).toEqual([]);
  });

  it('what traces are made of is loaded only where something is traced', () => {
    const always = product.filter(
      ({ path }) =>
        !path.startsWith('src/telemetry/') &&
        /^import .*telemetry\/(?!tracer\.ts)/m.test(readFileSync(join(root, path), 'utf8')),
    );
    expect(always.map(({ path }) => path)).toEqual([]);
  });

  it('archives are read with nothing but zlib', () => {
    const readers = product.filter(({ path }) => path.startsWith('src/archive/'));
    expect(readers.length).toBeGreaterThan(0);
    expect(readers.flatMap(({ packages }) => packages).filter((name) => name !== 'node:zlib')).toEqual([]);
  });

  it('detection, correlation and incidents are pure: no I/O, no clock', () => {
    const impure = product.filter(
      ({ path, packages }) =>
        /^src\/(detect|correlate|incident|search)\//.test(path) &&
        packages.some((name) =>
          /^node:(fs|http|https|http2|child_process|worker_threads|dns|dgram|tls|timers|process|os|readline|sqlite|zlib)/.test(
            name,
          ),
        ),
    );
    expect(impure.map(({ path }) => path)).toEqual([]);
    const clocks = product.filter(
      ({ path }) =>
        /^src\/(detect|correlate|incident|search)\//.test(path) &&
        /Date\.now\(|new Date\(\)/.test(readFileSync(join(root, path), 'utf8')),
    );
    expect(clocks.map(({ path }) => path)).toEqual([]);
  });
});

it('has no import cycles, types included', () => {
  const graph = new Map(product.map(({ path, imports, typeImports }) => [path, [...imports, ...typeImports]]));
  const state = new Map<string, 'open' | 'done'>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
      return;
    }
    state.set(path, 'open');
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    state.set(path, 'done');
  };
  for (const path of graph.keys()) visit(path, []);
  expect(cycles).toEqual([]);
});

it('keeps suites that need a Redis or an Elasticsearch out of the unit run', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { unit: string } };
  const excluded = [...scripts.unit.matchAll(/--exclude '([^']+)'/g)].map(([, pattern]) => pattern as string);
  expect(excluded.length).toBeGreaterThan(0);
  const needing = sources.filter(
    ({ path, imports }) =>
      !/^(?:test|bench)\//.test(path) && imports.some((target) => target.startsWith('test/services/')),
  );
  const inUnit = needing.filter(({ path }) => !excluded.some((pattern) => matchesGlob(path, pattern)));
  expect(inUnit.map(({ path }) => path)).toEqual([]);
});

it('has no source file over 400 lines', () => {
  expect(sources.filter(({ lines }) => lines > 400).map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
});

it('has no name that says nothing, and no barrel', () => {
  const empty = /(^|\/)(utils?|helpers?|manager|service|base|misc|common)(\.|\/)/;
  expect(sources.filter(({ path }) => empty.test(path)).map(({ path }) => path)).toEqual([]);
  const barrels = product.filter(
    ({ path }) =>
      /(^|\/)index\.tsx?$/.test(path) && !path.startsWith('connectors/') && path !== 'src/console/index.tsx',
  );
  expect(barrels.map(({ path }) => path)).toEqual([]);
});

it('reads argv and exits in main.ts only', () => {
  const offenders = product.filter(({ path }) => {
    if (path === 'src/main.ts' || /[-/](thread|reader|writer)\.ts$/.test(path)) return false;
    return /process\.(argv|exit\()/.test(readFileSync(join(root, path), 'utf8'));
  });
  expect(offenders.map(({ path }) => path)).toEqual([]);
});

describe('the lockfile', () => {
  interface Entry {
    readonly optional?: boolean;
    readonly os?: unknown;
    readonly engines?: { readonly node?: string };
    readonly hasInstallScript?: boolean;
    readonly resolved?: string;
  }
  const entries = Object.entries(
    (JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Entry> }).packages,
  );

  it('lets platform packages be installed by an npm that runs under Node 18 (docs/decisions/0001)', () => {
    const needed = entries.filter(([, { optional, os }]) => optional === true && os !== undefined);
    const takes18 = (range: string): boolean =>
      range.split('||').some((part) => /\^18\b/.test(part) || Number(/>=\s*(\d+)/.exec(part)?.[1] ?? 99) <= 18);
    const tooNew = needed.filter(([, { engines }]) => engines?.node !== undefined && !takes18(engines.node));
    expect(tooNew.map(([name]) => name)).toEqual([]);
  });

  it('holds no address and no package with an install script', () => {
    expect(entries.filter(([, { resolved }]) => resolved !== undefined).map(([name]) => name)).toEqual([]);
    expect(entries.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([name]) => name)).toEqual([]);
  });
});
