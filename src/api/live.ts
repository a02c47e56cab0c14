/** Saved changes -> those who watch. Knows nothing of HTTP; holds nothing back and keeps nothing for late comers. */
import type { Scope } from '../model/scope.ts';
import type { Change } from '../store/store.ts';

/** A change that people watch: documents as stored, to be presented to the reader before they leave the house. */
export type LiveChange = Extract<Change, { kind: 'alert' | 'incident' | 'campaign' }>;

export interface Live {
  /** Passes changes to alerts, incidents and campaigns on, each to those whose scope covers all its members. */
  publish(changes: readonly Change[]): void;
  /** Calls `listener` for each change from now on, until the returned function is called. The listener must not throw or wait. */
  subscribe(scope: Scope, listener: (change: LiveChange) => void): () => void;
  /** Subscriptions now. */
  readonly size: number;
}

function membersOf(change: LiveChange): readonly string[] {
  return change.kind === 'campaign' ? change.doc.memberIds : [change.doc.memberId];
}

export function createLive(): Live {
  const subscriptions = new Set<{ covers: (change: LiveChange) => boolean; listener: (change: LiveChange) => void }>();
  return {
    publish(changes) {
      if (subscriptions.size === 0) return;
      for (const change of changes) {
        if (change.kind !== 'alert' && change.kind !== 'incident' && change.kind !== 'campaign') continue;
        for (const { covers, listener } of subscriptions) if (covers(change)) listener(change);
      }
    },
    subscribe({ members }, listener) {
      const own = members === 'all' ? undefined : new Set(members);
      const covers = (change: LiveChange): boolean => {
        if (own === undefined) return true;
        const concerned = membersOf(change);
        return concerned.length > 0 && concerned.every((member) => own.has(member));
      };
      const subscription = { covers, listener };
      subscriptions.add(subscription);
      return () => {
        subscriptions.delete(subscription);
      };
    },
    get size() {
      return subscriptions.size;
    },
  };
}
