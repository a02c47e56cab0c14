/** config: prints the settings in effect as a hinomi.yml that would give them again, and where each value comes from. */
import { stringify } from 'yaml';
import { explainConfig, settings as knownSettings, type LoadedConfig } from '../config.ts';
import { type Setting, valueAt } from '../config-layers.ts';
import { readArguments } from './arguments.ts';
import type { Command } from './io.ts';

/** YAML with one comment a value; secrets masked. */
export function printConfig(
  { config, origins }: Pick<LoadedConfig, 'origins'> & { readonly config: object },
  settings: readonly Setting[] = knownSettings,
): string {
  const lines: { text: string; origin: string }[] = [];
  let open: readonly string[] = [];
  for (const { path, secret } of settings) {
    const parts = path.split('.');
    const sections = parts.slice(0, -1);
    sections.forEach((section, depth) => {
      if (sections.slice(0, depth + 1).join('.') !== open.slice(0, depth + 1).join('.')) {
        lines.push({ text: `${'  '.repeat(depth)}${section}:`, origin: '' });
      }
    });
    open = sections;
    const indent = '  '.repeat(sections.length);
    const value = valueAt(config, parts);
    const origin = origins.get(path) ?? '';
    if (value === undefined) lines.push({ text: `${indent}# ${parts.at(-1)}:`, origin: 'not set' });
    // A default is no secret.
    else if (secret && origin !== 'default') lines.push({ text: `${indent}${parts.at(-1)}: '***'`, origin });
    else lines.push({ text: `${indent}${parts.at(-1)}: ${asYaml(value)}`, origin });
  }
  const width = Math.min(50, Math.max(...lines.map(({ text }) => text.length)));
  return lines.map(({ text, origin }) => (origin === '' ? text : `${text.padEnd(width)}  # ${origin}`)).join('\n');
}

const asYaml = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0, blockQuote: false }).trimEnd();

export const config: Command = async (args, io) => {
  const { options } = readArguments(args, {
    usage: 'config [--config FILE] [--data DIR]',
    about:
      'Prints the settings in effect, and where each comes from: the file, the environment, an option, or the default. docs/configuration.md explains them.',
    options: {
      config: {
        type: 'text',
        value: 'FILE',
        help: 'configuration file (default: hinomi.yml where it is started, if there)',
      },
      data: {
        type: 'text',
        value: 'DIR',
        help: 'folder for everything the center stores (dataDir of the configuration)',
      },
    },
  });
  const loaded = explainConfig({
    cwd: io.cwd,
    env: io.env,
    file: options.config,
    overrides: { dataDir: options.data },
  });
  io.out(printConfig(loaded));
  return 0;
};
