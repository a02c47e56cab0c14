/**
 * Passwords as argon2id (RFC 9106) in PHC strings, and the rule for choosing one. Keeps nothing and knows no users.
 * Hashing is bounded: a flood of sign-ins waits or is turned away, it does not take the memory of the center.
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../errors.ts';

interface Cost {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** OWASP's second choice for argon2id: 19 MiB, two passes, one lane. */
const cost: Cost = { memory: 19_456, passes: 2, parallelism: 1 };
const HASH_BYTES = 32;
const SALT_BYTES = 16;
const AT_ONCE = 2;
const WAITING = 50;

const MIN_LENGTH = 12;
/** Longer ones only cost time. */
export const PASSWORD_MAX_LENGTH = 256;

const phc = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

let running = 0;
const waiting: (() => void)[] = [];

async function derive(password: string, salt: Buffer, bytes: number, { memory, passes, parallelism }: Cost) {
  if (running >= AT_ONCE) {
    if (waiting.length >= WAITING) {
      throw new Refusal('busy', 'too many sign-ins at once; try again in some seconds', {
        headers: { 'retry-after': '5' },
      });
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else {
    running++;
  }
  try {
    // NFKC: the same password typed on another keyboard or input method is the same password.
    const message = Buffer.from(password.normalize('NFKC'), 'utf8');
    return await new Promise<Buffer>((resolve, reject) =>
      argon2('argon2id', { message, nonce: salt, parallelism, tagLength: bytes, memory, passes }, (error, derived) =>
        error === null ? resolve(derived) : reject(error),
      ),
    );
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

/** -> `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. Throws Refusal "busy" when too many wait. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, HASH_BYTES, cost);
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Takes as long as a check of today's cost and fits no password. */
const dummy = `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(randomBytes(SALT_BYTES))}$${unpadded(randomBytes(HASH_BYTES))}`;

/**
 * `passwordHash` undefined, empty or not such a string: never right, but takes the usual time, so that an answer's time does not
 * tell which logins exist. `outdated`: right, but hashed at another cost than today's; hash it anew. Throws Refusal "busy".
 */
export async function verifyPassword(
  passwordHash: string | undefined,
  password: string,
): Promise<{ right: boolean; outdated: boolean }> {
  const found = phc.exec(passwordHash ?? '') ?? phc.exec(dummy);
  const [, memory, passes, parallelism, salt, hash] = found as RegExpExecArray;
  const stored: Cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const expected = Buffer.from(hash as string, 'base64');
  const derived = await derive(password, Buffer.from(salt as string, 'base64'), expected.length, stored);
  const right = timingSafeEqual(derived, expected);
  const outdated =
    stored.memory !== cost.memory ||
    stored.passes !== cost.passes ||
    stored.parallelism !== cost.parallelism ||
    expected.length !== HASH_BYTES;
  return { right, outdated: right && outdated };
}

/** What is wrong with a password that someone chose, in words for that person; undefined when it will do. */
export function passwordProblem(password: string, login: string): string | undefined {
  const length = [...password].length;
  if (length < MIN_LENGTH)
    return `too short: ${length} of at least ${MIN_LENGTH} characters; a sentence is easy to remember`;
  if (length > PASSWORD_MAX_LENGTH) return `too long: at most ${PASSWORD_MAX_LENGTH} characters`;
  const plain = password.normalize('NFKC').toLowerCase();
  // A login of a letter or two is in every password.
  if (login.length >= 4 && plain.includes(login.toLowerCase()))
    return 'it contains the login; choose something that nobody can guess from it';
  if (new Set(plain).size < 4) return 'it repeats the same few characters; choose something longer to guess';
  return undefined;
}
