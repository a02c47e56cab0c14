/** Waits for work that may hang, e.g. on a server that is away: no longer than it is told. */

/** Resolves when the work is done, or after `ms`; the work is not stopped by it. A failure in time is thrown. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
  work.catch(() => undefined);
}
