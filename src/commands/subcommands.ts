/** `members add`, `members list`: one command of several, with a help of its own. */
import { HelpWanted, nearest, UsageError } from './arguments.ts';
import type { Command } from './io.ts';

export interface Subcommand {
  /** "add ID --name NAME" */
  readonly usage: string;
  readonly about: string;
  readonly run: Command;
}

/** The first argument chooses; the others are the chosen one's. */
export function createSubcommands(name: string, subcommands: Readonly<Record<string, Subcommand>>): Command {
  const rows = Object.values(subcommands);
  const width = Math.max(...rows.map(({ usage }) => usage.length));
  const help = `Usage:\n${rows.map(({ usage, about }) => `  hinomi ${name} ${usage.padEnd(width)}  ${about}`).join('\n')}\n\nhinomi ${name} COMMAND --help tells more.`;
  return async (args, io) => {
    const [chosen, ...rest] = args;
    if (chosen === '--help' || chosen === '-h') throw new HelpWanted(help);
    if (chosen === undefined) throw new UsageError(`say what to do\n${help}`);
    if (!Object.hasOwn(subcommands, chosen)) {
      const meant = nearest(chosen, Object.keys(subcommands));
      throw new UsageError(
        `there is no "${name} ${chosen}"${meant === undefined ? '' : ` (did you mean "${name} ${meant}"?)`}\n${help}`,
      );
    }
    return (subcommands[chosen] as Subcommand).run(rest, io);
  };
}
