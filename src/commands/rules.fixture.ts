/** The commands about rules in a folder of a test's own: their words, and what they say. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { rules } from './rules.ts';

export interface RulesBench {
  readonly folder: string;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** `out` and `err` as one text each, the folder's own name left out. */
  run(...args: readonly string[]): Promise<{ status: number; out: string; err: string }>;
  /** What a person answers from now on; undefined: nobody is there. */
  answer(text: string | undefined): void;
  dispose(): Promise<void>;
}

export async function openRulesBench(): Promise<RulesBench> {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-rules-'));
  let answer: string | undefined;
  return {
    folder,
    async write(files) {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text);
      }
    },
    async run(...args) {
      const out: string[] = [];
      const err: string[] = [];
      const given = answer;
      const status = await rules(args, {
        out: (text) => void out.push(text),
        err: (text) => void err.push(text),
        env: {},
        cwd: folder,
        isTerminal: false,
        signal: new AbortController().signal,
        ...(given !== undefined && { ask: async () => given }),
      });
      const plain = (lines: readonly string[]): string => lines.join('\n').replaceAll(folder, '');
      return { status, out: plain(out), err: plain(err) };
    },
    answer(text) {
      answer = text;
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}
