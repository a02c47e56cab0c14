/** The browser that the console is tested in: an installed Chromium, or none, and then the suites say so in their names. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const executablePath = [
  process.env.HINOMI_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  chromium.executablePath(),
].find((path) => path !== undefined && existsSync(path));

if (executablePath === undefined && process.env.HINOMI_REQUIRE_BROWSER === '1')
  throw new Error('no Chromium was found, and this run must have one; install it or name it in HINOMI_CHROMIUM');

export const noBrowser = executablePath === undefined;
/** For the end of a suite's name. */
export const whyNoBrowser = noBrowser ? ' (no Chromium found: install one, or name it in HINOMI_CHROMIUM)' : '';

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: executablePath as string,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });

/** Adds what no page of the console may do: throw, open a dialog, be told that the server failed. */
export function noteWrongs(page: Page, wrongs: string[]): void {
  page.on('pageerror', (error) => wrongs.push(`threw ${error.message}`));
  page.on('dialog', (dialog) => wrongs.push(`opened a dialog: ${dialog.message()}`));
  page.on('response', (response) => {
    if (response.status() >= 500) wrongs.push(`${response.status()} ${response.url()}`);
  });
}
