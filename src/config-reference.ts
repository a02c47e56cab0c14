/** The configuration's reference page, docs/configuration.md, printed from the schema. */
import { settings } from './config.ts';
import type { Setting } from './config-layers.ts';

const head = `# Configuration

Printed from the schema in \`src/config.ts\`; change it there and run \`HINOMI_UPDATE_DOCS=1 npx vitest run src/config.test.ts\`.

Settings are read from \`hinomi.yml\` in the working directory (or the file named by \`--config\`), then from the environment, then from
options of the command; the later wins. Without any of them the center runs with the defaults. \`hinomi config\` prints the settings in
effect and where each comes from. All mistakes are told at once, with file and line.

In the environment, lists are separated by commas and names with values are JSON; an empty variable counts as not set.

\`\`\`yaml
# hinomi.yml
api:
  port: 8080
retention:
  eventDays: 90
\`\`\`
`;

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (text: string): string => `\`${text}\``;

function row({ path, env, expects, default: preset, meaning, secret }: Setting): string {
  const shown = preset === undefined ? '' : code(typeof preset === 'string' ? preset : JSON.stringify(preset));
  return `| ${[code(path), code(env), expects, shown, `${meaning}${secret ? ' (secret)' : ''}`].map(cell).join(' | ')} |`;
}

/** Text of docs/configuration.md. */
export function describeConfig(): string {
  const rows = settings.map(row).join('\n');
  return `${head}\n| setting | environment | value | default | meaning |\n|---|---|---|---|---|\n${rows}\n`;
}
