/** rules reload: asks a running center to read its rules again, and tells what came of it. */
import { readArguments, UsageError } from './arguments.ts';
import type { Command } from './io.ts';

/** The part of the center's answer that is told. */
interface Reloaded {
  readonly version: string;
  readonly rules: number;
  readonly correlations: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  readonly keptOld: readonly { readonly file: string; readonly since: string; readonly rules: readonly string[] }[];
  readonly problems: readonly { readonly severity: 'error' | 'warning'; readonly text: string }[];
}

/** Status 1 when a file has an error, so that a script notices; the other files' rules are in force then. */
export const rulesReload: Command = async (args, io) => {
  const { options } = readArguments(args, {
    usage: 'rules reload [--to URL] [--key KEY]',
    about:
      'Has a running center read its rules again: all at once, and with what is broken left as it was. Exit status 1 when a file has an error, 2 when nothing was reloaded.',
    options: {
      to: { type: 'text', default: 'http://127.0.0.1:8080', value: 'URL', help: "the center's API" },
      key: {
        type: 'text',
        value: 'KEY',
        help: 'API key of an administrator of the whole center (default: $HINOMI_KEY)',
      },
    },
  });
  const key = options.key ?? io.env.HINOMI_KEY;
  if (key === undefined) throw new UsageError('give an API key with --key or in HINOMI_KEY');
  const answer = await fetch(`${options.to.replace(/\/+$/, '')}/api/v1/rules/reload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    signal: io.signal,
  }).catch((error: Error) => {
    throw new Error(
      `no center answers at ${options.to}: ${(error.cause as Error | undefined)?.message ?? error.message}`,
    );
  });
  const told = (await answer.json()) as Reloaded & { title?: string; detail?: string };
  if (!answer.ok)
    throw new Error(`the center answered ${answer.status}: ${told.title ?? ''}: ${told.detail ?? ''}`.trim());

  const errors = told.problems.filter(({ severity }) => severity === 'error');
  for (const { text } of errors) io.err(text);
  for (const { file, since, rules } of told.keptOld)
    io.err(`${file}: left as it was read at ${since}, with ${rules.length} in force`);
  io.out(
    `${count(told.rules, 'rule')} and ${count(told.correlations, 'correlation')} in force, set ${told.version}: ` +
      `${told.added.length} added, ${told.changed.length} changed, ${told.removed.length} removed`,
  );
  return errors.length > 0 ? 1 : 0;
};

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
