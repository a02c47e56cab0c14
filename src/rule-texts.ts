/**
 * Folders of rules on disk -> the texts in them, read once for all who need them. Says which files could not be read, and why;
 * what the texts mean is rule-build.ts.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface RuleText {
  /** Within its folder, with "/" between the parts. */
  readonly name: string;
  /** To show to people. */
  readonly file: string;
  /** Undefined when it could not be read. */
  readonly text: string | undefined;
  /** Why there is no text; undefined when there is one. */
  readonly failure: string | undefined;
}

/** The rules that come with the product. */
const ownRules = fileURLToPath(new URL('../rules', import.meta.url));

/** How a folder is named to people: the product's own and packs without the path of their installation, which is nobody's business. */
export function shownAs(folder: string): string {
  if (resolve(folder) === resolve(ownRules)) return 'rules';
  const [, pack] = /[\\/](packs[\\/][^\\/]+)[\\/][^\\/]+$/.exec(folder) ?? [];
  return pack?.replace('\\', '/') ?? folder;
}

/**
 * YAML files below the folders, in the folders' order and each by name; hidden folders and `quiet/` apart. The product's own tables
 * of fields come first, for folders that bring none. Throws when a folder cannot be read, not for a single file.
 */
export async function readRuleTexts(folders: readonly string[]): Promise<readonly RuleText[]> {
  const tables = await readFolder(join(ownRules, 'fields'), 'rules/fields');
  const texts = tables.map((table): RuleText => ({ ...table, name: `fields/${table.name}` }));
  for (const folder of folders) texts.push(...(await readFolder(folder, shownAs(folder))));
  return texts;
}

async function readFolder(folder: string, shown: string): Promise<readonly RuleText[]> {
  const names: string[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith('.') || name === 'quiet') continue;
      if (entry.isDirectory()) await walk(name);
      else if (entry.isFile() && /\.ya?ml$/.test(entry.name)) names.push(name);
    }
  };
  try {
    await walk('');
  } catch (error) {
    throw new Error(`the rules' folder ${shown} cannot be read: ${messageOf(error)}`);
  }
  names.sort();
  const texts: RuleText[] = [];
  // In small lots: a folder of thousands of rules must not open them all at once.
  for (let from = 0; from < names.length; from += 64) {
    const lot = names.slice(from, from + 64);
    texts.push(
      ...(await Promise.all(
        lot.map(async (name) => ({ name, file: join(shown, name), ...(await readText(join(folder, name))) })),
      )),
    );
  }
  return texts;
}

async function readText(file: string): Promise<Pick<RuleText, 'text' | 'failure'>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    return { text: undefined, failure: `the file cannot be read: ${messageOf(error)}` };
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), failure: undefined };
  } catch {
    return { text: undefined, failure: 'the file is not valid UTF-8' };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
