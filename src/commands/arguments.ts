/** A command's declared options -> values, help text, and errors that say what was meant. */
import { parseArgs } from 'node:util';
import { editDistance } from '../detect/suggestion.ts';

interface OptionBase {
  readonly help: string;
  /** What stands for the value in the help: "DIR", "N". */
  readonly value?: string;
}
export type Option =
  | (OptionBase & { readonly type: 'flag' })
  | (OptionBase & { readonly type: 'text'; readonly default?: string })
  | (OptionBase & { readonly type: 'texts' })
  | (OptionBase & { readonly type: 'number'; readonly default?: number; readonly min?: number; readonly max?: number });

export interface Usage<Options extends Readonly<Record<string, Option>>> {
  /** "send --to URL --key KEY FILE…" */
  readonly usage: string;
  /** What it does, in a sentence or two. */
  readonly about: string;
  readonly options: Options;
  /** How many arguments besides options; default none. */
  readonly arguments?: { readonly min: number; readonly max: number };
}

type ValueOf<O extends Option> = O extends { type: 'flag' }
  ? boolean
  : O extends { type: 'texts' }
    ? readonly string[]
    : O extends { type: 'number'; default: number }
      ? number
      : O extends { type: 'number' }
        ? number | undefined
        : O extends { type: 'text'; default: string }
          ? string
          : string | undefined;

export interface Arguments<Options extends Readonly<Record<string, Option>>> {
  readonly options: { readonly [K in keyof Options]: ValueOf<Options[K]> };
  readonly rest: readonly string[];
}

/** Wrong use: main.ts prints the message and exits with 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Asked for with --help: main.ts prints it and exits with 0. */
export class HelpWanted extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'HelpWanted';
  }
}

/** The nearest of some names, when one is near: for "did you mean". */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const distances = names
    .map((candidate) => [editDistance(name, candidate), candidate] as const)
    .sort(([a], [b]) => a - b);
  const [distance, candidate] = distances[0] ?? [Number.POSITIVE_INFINITY, ''];
  return distance <= Math.max(1, Math.floor(name.length / 3)) ? candidate : undefined;
}

function helpText(usage: Usage<Readonly<Record<string, Option>>>): string {
  const rows = Object.entries(usage.options).map(([name, option]) => {
    const left = `  --${name}${option.type === 'flag' ? '' : ` ${option.value ?? (option.type === 'number' ? 'N' : 'TEXT')}`}`;
    const initial = 'default' in option && option.default !== undefined ? ` (default ${option.default})` : '';
    return [left, `${option.help}${initial}${option.type === 'texts' ? ' (may be repeated)' : ''}`] as const;
  });
  const width = Math.max(8, ...rows.map(([left]) => left.length));
  const lines = rows.map(([left, right]) => `${left.padEnd(width + 2)}${right}`);
  return [`Usage: hinomi ${usage.usage}`, '', usage.about, ...(lines.length > 0 ? ['', ...lines] : [])].join('\n');
}

/** Throws UsageError for what is wrong and HelpWanted for --help. */
export function readArguments<const Options extends Readonly<Record<string, Option>>>(
  args: readonly string[],
  usage: Usage<Options>,
): Arguments<Options> {
  if (args.includes('--help') || args.includes('-h')) throw new HelpWanted(helpText(usage));
  const names = Object.keys(usage.options);
  for (const argument of args) {
    if (argument === '--') break;
    const name = /^--([^=]+)/.exec(argument)?.[1];
    if (name === undefined || names.includes(name)) continue;
    const meant = nearest(name, names);
    throw new UsageError(
      `unknown option --${name}${meant === undefined ? '' : ` (did you mean --${meant}?)`}; see hinomi ${usage.usage.split(' ')[0]} --help`,
    );
  }
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: Object.fromEntries(
        Object.entries(usage.options).map(([name, { type }]) => [
          name,
          { type: type === 'flag' ? ('boolean' as const) : ('string' as const), multiple: type === 'texts' },
        ]),
      ),
    }) as typeof parsed;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { min, max } = usage.arguments ?? { min: 0, max: 0 };
  if (parsed.positionals.length < min || parsed.positionals.length > max) {
    throw new UsageError(`usage: hinomi ${usage.usage}`);
  }
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries<Option>(usage.options))
    values[name] = readValue(name, option, parsed.values[name]);
  return { options: values as Arguments<Options>['options'], rest: parsed.positionals };
}

function readValue(name: string, option: Option, given: unknown): unknown {
  if (option.type === 'flag') return given === true;
  if (option.type === 'texts') return given ?? [];
  if (given === undefined) return option.default;
  if (option.type === 'text') return given;
  const number = Number(given);
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = option;
  if (given === '' || !Number.isFinite(number) || number < min || number > max) {
    const bounds =
      option.min !== undefined || option.max !== undefined
        ? ` from ${option.min ?? 'any'} to ${option.max ?? 'any'}`
        : '';
    throw new UsageError(`--${name} takes a number${bounds}, not "${String(given)}"`);
  }
  return number;
}
