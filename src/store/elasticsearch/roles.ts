/**
 * Who may do what in an Elasticsearch that asks: what the center's own account needs, and for each member a role that opens its
 * compartment of events and nothing else, for an organization's own tools or a responder's key. Gives no person and no key a role:
 * that is the cluster's administrator's to do. Here Elasticsearch keeps members apart by itself, whatever the center thinks.
 */
import type { Elastic } from './connection.ts';
import { docIndex } from './doc-format.ts';
import { allEvents, ledgerIndex, memberPattern, periodIndex } from './event-format.ts';
import { appliedIndex, journalIndex, stateIndex } from './journal.ts';

/** A role as Elasticsearch takes it, also as one of the `role_descriptors` of an API key. */
export interface RoleDescriptor {
  readonly cluster?: readonly string[];
  readonly global?: object;
  readonly indices: readonly { readonly names: readonly string[]; readonly privileges: readonly string[] }[];
}

const WINDOW = ['read', 'view_index_metadata'] as const;

/**
 * The least that the center's account works with, on Elasticsearch 8 and 9; another center in the same cluster stays shut to it. With
 * `memberRoles` it may make roles too, but only such as read events of its own members (Elasticsearch 8.16; before that it takes
 * `manage_security`, which is the power over everything). `create` means writing whole documents, also in the place of others.
 */
export function centerPrivileges(prefix: string, memberRoles = false): RoleDescriptor {
  const names = [
    allEvents(prefix),
    docIndex(prefix, '*'),
    ...[journalIndex, stateIndex, appliedIndex, ledgerIndex, periodIndex].map((nameOf) => nameOf(prefix)),
  ];
  return {
    cluster: ['monitor', 'manage_index_templates'],
    indices: [{ names, privileges: ['read', 'create', 'delete', 'manage'] }],
    ...(memberRoles && {
      global: { role: { manage: { indices: [{ names: [allEvents(prefix)], privileges: [...WINDOW] }] } } },
    }),
  };
}

/** Name of a member's role. "_" is in no prefix and no member's id: no two of them share a name, in no two centers. */
export const memberRoleName = (prefix: string, memberId: string): string => `${prefix}-member_${memberId}`;

export const memberRole = (prefix: string, memberId: string): RoleDescriptor => ({
  indices: [{ names: [memberPattern(prefix, memberId)], privileges: [...WINDOW] }],
});

export interface MemberRoles {
  /** Never throws: what could not be done is told, and done at the next start. */
  keep(memberIds: readonly string[]): Promise<void>;
}

/** Roles in one request. */
const PORTION = 500;

/**
 * `warn`: told in words for a log. A cluster without security is told of once, and asked no more. A role that was changed by hand is
 * put back.
 */
export async function openMemberRoles(elastic: Elastic, warn: (text: string) => void): Promise<MemberRoles> {
  const { prefix } = elastic;
  const tell = (reason: string): void => warn(`store.elasticsearch.memberRoles: ${reason}`);

  /** Throws what went wrong. */
  async function put(memberIds: readonly string[]): Promise<void> {
    const roles = Object.fromEntries(
      memberIds.map((id) => {
        const description = `Events of ${id}, and of no other. Hinomi keeps this role as it is.`;
        return [memberRoleName(prefix, id), { ...memberRole(prefix, id), description }];
      }),
    );
    const request = { method: 'POST', path: '/_security/role', body: { roles }, accept: [403, 405] } as const;
    const { status, body } = await elastic.request<RolesAnswer>(request);
    if (status === 405) throw new Error(`Elasticsearch ${elastic.version} is too old, 8.15 is needed`);
    if (status === 403) {
      const { global } = centerPrivileges(prefix, true);
      throw new Error(`${body.error?.reason}; give the center's account "global": ${JSON.stringify(global)}`);
    }
    const [first] = Object.entries(body.errors?.details ?? {});
    if (first !== undefined) throw new Error(`${first[0]}: ${first[1].reason}`);
  }

  // Whoever may do anything may ask this; a cluster without security has nothing there.
  const asked = { method: 'GET', path: '/_security/_authenticate', accept: [400] } as const;
  const secured = (await elastic.request(asked)).status !== 400;
  if (!secured) tell('this Elasticsearch runs without security: whoever reaches it sees all members');
  return {
    async keep(memberIds) {
      if (!secured) return;
      for (let at = 0; at < memberIds.length; at += PORTION) {
        try {
          await put(memberIds.slice(at, at + PORTION));
        } catch (error) {
          tell(`roles of members could not be made: ${(error as Error).message}`);
        }
      }
    },
  };
}

interface RolesAnswer {
  readonly error?: { readonly reason?: string };
  readonly errors?: { readonly details: Readonly<Record<string, { readonly reason: string }>> };
}
