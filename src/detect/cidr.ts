/** IP addresses and networks as bits. Strict: what is not exactly an address has no value; an IPv4-mapped IPv6 address is IPv6. */

export interface Network {
  readonly version: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

export interface Address {
  readonly version: 4 | 6;
  readonly bits: bigint;
}

/** Text -> address. A zone ("%eth0") is passed over. Undefined when it is no address. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > 64) return undefined;
  if (text.includes(':')) {
    const bits = parseV6(text.split('%', 1)[0] as string);
    return bits === undefined ? undefined : { version: 6, bits };
  }
  const bits = parseV4(text);
  return bits === undefined ? undefined : { version: 4, bits: BigInt(bits) };
}

/** `10.0.0.0/8`, `fe80::/10`, or one address. Bits behind the prefix are ignored. Undefined when it is no network. */
export function parseNetwork(text: string): Network | undefined {
  const [addressText = '', prefixText, ...rest] = text.trim().split('/');
  const address = parseAddress(addressText);
  if (address === undefined || rest.length > 0) return undefined;
  const width = address.version === 4 ? 32 : 128;
  if (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText)) return undefined;
  const prefix = prefixText === undefined ? width : Number(prefixText);
  if (prefix > width) return undefined;
  const host = (1n << BigInt(width - prefix)) - 1n;
  const first = address.bits & ~host;
  return { version: address.version, first, last: first | host };
}

export function inNetwork(address: Address, network: Network): boolean {
  return address.version === network.version && address.bits >= network.first && address.bits <= network.last;
}

/** Whether a text is an address of any of the networks: it is read once, and lists of thousands are no slower to look into. */
export function createNetworkTest(networks: readonly Network[]): (text: string) => boolean {
  const ranges = { 4: joined(networks, 4), 6: joined(networks, 6) };
  return (text) => {
    const address = parseAddress(text);
    if (address === undefined) return false;
    const { firsts, lasts } = ranges[address.version];
    // The last range that begins no later than the address: ranges do not overlap.
    let low = 0;
    let high = firsts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((firsts[middle] as bigint) <= address.bits) low = middle + 1;
      else high = middle;
    }
    return low > 0 && (lasts[low - 1] as bigint) >= address.bits;
  };
}

/** Ranges in order, those that overlap as one. */
function joined(networks: readonly Network[], version: 4 | 6): { readonly firsts: bigint[]; readonly lasts: bigint[] } {
  const ofVersion = networks.filter((network) => network.version === version);
  const firsts: bigint[] = [];
  const lasts: bigint[] = [];
  for (const { first, last } of ofVersion.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    const end = lasts.at(-1);
    if (end === undefined || first > end) {
      firsts.push(first);
      lasts.push(last);
    } else if (last > end) lasts[lasts.length - 1] = last;
  }
  return { firsts, lasts };
}

/** Dotted decimal of exactly four parts -> unsigned 32 bits. Leading zeros are refused: some read them as octal. */
export function parseV4(text: string): number | undefined {
  let value = 0;
  let parts = 0;
  let digits = 0;
  let part = 0;
  for (let at = 0; at <= text.length; at++) {
    const unit = at === text.length ? 46 : text.charCodeAt(at);
    if (unit === 46) {
      if (digits === 0 || part > 255 || ++parts > 4) return undefined;
      value = value * 256 + part;
      part = 0;
      digits = 0;
    } else if (unit >= 48 && unit <= 57) {
      if (digits > 0 && part === 0) return undefined;
      part = part * 10 + unit - 48;
      if (++digits > 3) return undefined;
    } else return undefined;
  }
  return parts === 4 ? value : undefined;
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const groupsOf = (half: string): number[] | undefined => {
    if (half === '') return [];
    const groups: number[] = [];
    const words = half.split(':');
    for (const [index, word] of words.entries()) {
      if (index === words.length - 1 && word.includes('.')) {
        const v4 = parseV4(word);
        if (v4 === undefined) return undefined;
        groups.push(v4 >>> 16, v4 & 0xffff);
      } else if (/^[0-9a-fA-F]{1,4}$/.test(word)) groups.push(Number.parseInt(word, 16));
      else return undefined;
    }
    return groups;
  };
  const head = groupsOf(halves[0] as string);
  const tail = halves[1] === undefined ? [] : groupsOf(halves[1]);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  if (halves.length === 2 && (halves[0] as string).includes('.')) return undefined;
  let bits = 0n;
  for (const group of [...head, ...new Array<number>(missing).fill(0), ...tail]) bits = (bits << 16n) | BigInt(group);
  return bits;
}
