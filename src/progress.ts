/** How far work on files is: one line that renews itself on a terminal, a line every ten seconds elsewhere. */

export interface Progress {
  /** Read from disk, packed as it is; the share of `totalBytes` is what percent and time left are made of. */
  readBytes: number;
  readonly totalBytes: number | undefined;
  /** Of unpacked text that is done with: delivered, or looked at. */
  doneBytes: number;
  doneRecords: number;
}

const MB = 1_000_000;

/** "[########------------]  12,000 records  3.1 MB/s  42 %  8 s left"; `elapsedMs` since the first byte was read. */
export function formatProgress({ readBytes, totalBytes, doneBytes, doneRecords }: Progress, elapsedMs: number): string {
  const parts = [
    `${doneRecords.toLocaleString('en')} records`,
    `${((doneBytes / MB) * (1000 / Math.max(1, elapsedMs))).toFixed(1)} MB/s`,
  ];
  if (totalBytes !== undefined && totalBytes > 0) {
    const share = Math.min(1, readBytes / totalBytes);
    parts.unshift(formatBar(share));
    parts.push(`${Math.floor(share * 100)} %`);
    if (share > 0 && share < 1) parts.push(`${formatSeconds((elapsedMs * (1 - share)) / share / 1000)} left`);
  }
  return parts.join('  ');
}

const barWidth = 20;

/** ASCII, as every terminal has it; the percent beside it says the same. */
function formatBar(share: number): string {
  const done = Math.floor(share * barWidth);
  return `[${'#'.repeat(done)}${'-'.repeat(barWidth - done)}]`;
}

export function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5_400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}

/** Shows progress until `stop`; `say` puts a line of its own above it. */
export function showProgress(
  progress: Progress,
  io: { readonly out: (text: string) => void; readonly isTerminal: boolean },
): { say(text: string): void; stop(): void } {
  const startedMs = Date.now();
  const line = (): string => `  ${formatProgress(progress, Date.now() - startedMs)}`;
  const renew = (text: string): void => io.out(`\u001b[1A\u001b[2K${text}`);
  if (io.isTerminal) io.out(line());
  const timer = setInterval(() => (io.isTerminal ? renew(line()) : io.out(line())), io.isTerminal ? 250 : 10_000);
  return {
    say(text) {
      if (io.isTerminal) renew(`${text}\n${line()}`);
      else io.out(text);
    },
    stop() {
      clearInterval(timer);
      if (io.isTerminal) renew(line());
    },
  };
}
