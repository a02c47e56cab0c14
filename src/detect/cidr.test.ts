/** Many networks asked at once are the networks asked one by one. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNetworkTest, inNetwork, type Network, parseAddress, parseNetwork } from './cidr.ts';

const byte = fc.nat(255);
const near = fc.constantFrom(0, 1, 2, 9, 10, 255);
const v4 = fc.tuple(near, near, byte, byte).map((parts) => parts.join('.'));
const v6 = fc
  .array(fc.constantFrom('0', '1', 'a', 'ffff'), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.join(':'));
const network = fc
  .oneof(fc.tuple(v4, fc.nat(32)), fc.tuple(v6, fc.nat(128)))
  .map(([address, prefix]) => parseNetwork(`${address}/${prefix}`) as Network);

test('an address is in any of the networks exactly when it is in one of them', () => {
  fc.assert(
    fc.property(fc.array(network, { maxLength: 12 }), fc.oneof(v4, v6, fc.string()), (networks, text) => {
      const address = parseAddress(text);
      const expected = address !== undefined && networks.some((one) => inNetwork(address, one));
      expect(createNetworkTest(networks)(text)).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});
