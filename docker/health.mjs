/**
 * Whether the process of this container is ready to work: asks its own probes (HINOMI_PROBES_PORT), exits with 0 or 1 and says why.
 * For HEALTHCHECK, since the image has no curl. Looks at nothing else.
 */
const url = `http://127.0.0.1:${process.env.HINOMI_PROBES_PORT}/readyz`;
try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  console.log((await answer.text()).slice(0, 4_000));
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  console.log(`${url}: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
