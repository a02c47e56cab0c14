/**
 * What people may do to a case: an alert, an incident, a campaign. Turns a wish into the new document and its audit entry, or
 * refuses it; saves nothing.
 */
import { z } from 'zod';
import { Refusal } from '../errors.ts';
import {
  type Alert,
  alertStatus,
  type Campaign,
  closeReason,
  comment,
  type Incident,
  incidentStatus,
  level,
} from '../model/alert.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import type { Change, Store } from '../store/store.ts';
import { auditChange, difference } from './audit-entry.ts';
import { inScope, type Reader } from './reader.ts';
import { login } from './schema.ts';

const assignee = login.nullable().describe('Login of someone of the center who may see it; null: nobody');

export const alertWish = z.strictObject({
  status: alertStatus.optional(),
  closeReason: closeReason.optional().describe('Needed with status "closed", and only with it'),
  assignee: assignee.optional(),
});
export type AlertWish = z.infer<typeof alertWish>;

export const caseWish = z.strictObject({
  status: incidentStatus.optional(),
  assignee: assignee.optional(),
  level: level.optional(),
});
export type CaseWish = z.infer<typeof caseWish>;

export const commentBody = z.strictObject({ text: comment.shape.text });

const MAX_COMMENTS = 1_000;

type Case =
  | { readonly kind: 'alert'; readonly doc: Alert }
  | { readonly kind: 'incident'; readonly doc: Incident }
  | { readonly kind: 'campaign'; readonly doc: Campaign };

const verbs: Readonly<Record<string, string>> = {
  new: 'reopen',
  acknowledged: 'acknowledge',
  'in-progress': 'start',
  'waiting-on-member': 'hand-over',
  closed: 'close',
};

function actionOf(kind: Case['kind'], after: { status?: string; assignee?: unknown }): string {
  if (after.status !== undefined) return `${kind}.${verbs[after.status] ?? 'change'}`;
  return `${kind}.${after.assignee === undefined ? 'change' : 'assign'}`;
}

const memberIdOf = (of: Case): string | null => (of.kind === 'campaign' ? null : of.doc.memberId);

/** Who works on a case must exist, work at the center, and be allowed to see it. */
export async function checkAssignee(
  store: Store,
  reader: Reader,
  wanted: string | null | undefined,
  memberIds: readonly string[],
): Promise<void> {
  if (wanted === undefined || wanted === null) return;
  const found = await store.find('user', CENTER_SCOPE, { where: { login: wanted }, limit: 1 });
  const [person] = found.items;
  const fits =
    person !== undefined &&
    ['admin', 'analyst', 'responder'].includes(person.role) &&
    memberIds.every((memberId) => inScope({ members: person.members }, memberId)) &&
    (reader.whole || wanted === reader.actor);
  if (!fits) {
    const message = reader.whole
      ? 'nobody of the center with this login may see this case'
      : 'readers of some members can give a case to themselves or to nobody';
    throw new Refusal('invalid-request', `assignee: ${message}`, {
      extra: { errors: [{ field: 'body.assignee', message }] },
    });
  }
}

/** Wish -> properties to set. Throws Refusal when status and reason do not fit each other. */
export function alertPatch(doc: Alert, wish: AlertWish): Partial<Alert> {
  const status = wish.status ?? doc.status;
  const refuse = (message: string): never => {
    throw new Refusal('invalid-request', message);
  };
  const patch: Partial<Alert> = {};
  if (wish.status !== undefined) patch.status = wish.status;
  if (wish.assignee !== undefined) patch.assignee = wish.assignee;
  if (status === 'closed') {
    const why = wish.closeReason ?? doc.closeReason;
    if (why === null) return refuse(`closeReason: say why it is closed: ${closeReason.options.join(', ')}`);
    patch.closeReason = why;
  } else {
    if (wish.closeReason !== undefined) return refuse('closeReason: only for status "closed"');
    patch.closeReason = null;
  }
  return patch;
}

/** The properties of a wish that are there. */
export function casePatch(wish: CaseWish): Partial<Pick<Incident, 'status' | 'assignee' | 'level'>> {
  return {
    ...(wish.status !== undefined && { status: wish.status }),
    ...(wish.assignee !== undefined && { assignee: wish.assignee }),
    ...(wish.level !== undefined && { level: wish.level }),
  };
}

/** The changed document and its audit entry, to be saved together; undefined when the wish changes nothing. */
export function changeCase<T extends Case>(
  of: T,
  patch: Partial<T['doc']>,
  by: { readonly reader: Reader; readonly reason: string | undefined },
  now: number = Date.now(),
): { doc: T['doc']; changes: readonly Change[] } | undefined {
  const changed = difference<T['doc']>(of.doc, patch);
  if (changed === undefined) return undefined;
  const doc: T['doc'] = {
    ...of.doc,
    ...changed.after,
    updatedAt: new Date(now).toISOString(),
    version: of.doc.version + 1,
  };
  const entry = auditChange(
    {
      actor: by.reader.actor,
      action: actionOf(of.kind, changed.after as { status?: string; assignee?: unknown }),
      target: { kind: of.kind, id: of.doc.id },
      memberId: memberIdOf(of),
      reason: by.reason,
      ...changed,
    },
    now,
  );
  return { doc, changes: [{ kind: of.kind, doc } as Change, entry] };
}

/** The document with one comment more. The comment is in the document, so the audit tells only that there was one. */
export function addComment<T extends Exclude<Case, { kind: 'alert' }>>(
  of: T,
  text: string,
  reader: Reader,
  now: number = Date.now(),
): { doc: T['doc']; changes: readonly Change[] } {
  const { comments } = of.doc;
  if (comments.length >= MAX_COMMENTS) {
    throw new Refusal('invalid-request', `text: there are ${MAX_COMMENTS} comments already, and no room for more`);
  }
  const at = new Date(now).toISOString();
  const doc: T['doc'] = {
    ...of.doc,
    comments: [...comments, { at, by: reader.actor, text }],
    updatedAt: at,
    version: of.doc.version + 1,
  };
  const entry = auditChange(
    {
      actor: reader.actor,
      action: `${of.kind}.comment`,
      target: { kind: of.kind, id: of.doc.id },
      memberId: memberIdOf(of),
      after: { comments: comments.length + 1 },
    },
    now,
  );
  return { doc, changes: [{ kind: of.kind, doc } as Change, entry] };
}
