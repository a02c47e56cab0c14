/** Who asks: a person with a session or the bearer of an API key, and what they may see. Made only by auth.ts. */
import type { Key, MemberAccess, Role, Session, User } from '../model/access.ts';
import type { Scope } from '../model/scope.ts';

export interface Reader {
  /** As the audit names them: the login, or "key:<id>". */
  readonly actor: string;
  readonly role: Role;
  readonly scope: Scope;
  /** May see what spans members, and who at the center does what. */
  readonly whole: boolean;
  readonly user: User | undefined;
  readonly session: Session | undefined;
  /** Logins that this reader may see beside its own: people of its own members. Empty when `whole`. */
  readonly colleagues: ReadonlySet<string>;
}

export function scopeOf(members: MemberAccess): Scope {
  return { members };
}

export const keyActor = (key: Pick<Key, 'id'>): string => `key:${key.id}`;

export function inScope({ members }: Scope, memberId: string): boolean {
  return members === 'all' || members.includes(memberId);
}

/** The part of a scope that one member makes; empty when the member is outside it. */
export function narrowed(scope: Scope, memberId: string | undefined): Scope {
  if (memberId === undefined) return scope;
  return { members: inScope(scope, memberId) ? [memberId] : [] };
}

/** Names of the center's people are the center's own affair: others read "center". */
export function shownName(name: string, reader: Reader): string {
  return reader.whole || name === reader.actor || reader.colleagues.has(name) ? name : 'center';
}
