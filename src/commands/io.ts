/** What a command may touch of the outside: handed in, so that commands can be tested and only main.ts knows the process. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether `out` is a person's terminal. */
  readonly isTerminal: boolean;
  /** Asks the person at the terminal and gives the answer; not there where nobody is. An end of input is an empty answer. */
  readonly ask?: (question: string) => Promise<string>;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Exit status: 0 fine, 1 a finding, 2 wrong use or an error. */
export type Command = (args: readonly string[], io: Io) => Promise<number>;
