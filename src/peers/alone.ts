/** A center of one process: nobody to tell anything, and one to report. */
import type { PeerStatus, Peers } from './peers.ts';

export function createAlone(): Peers {
  let own: (() => PeerStatus) | undefined;
  return {
    tell: () => undefined,
    listen: () => () => undefined,
    report(status) {
      own = status;
    },
    all: async () => (own === undefined ? [] : [own()]),
    close: async () => undefined,
  };
}
