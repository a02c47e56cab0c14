/** Pieces that the routes' schemas share. Describes requests and answers; decides nothing. */
import { z } from 'zod';
import { PASSWORD_MAX_LENGTH } from '../access/passwords.ts';
import { memberAccess, role, user } from '../model/access.ts';

export const id = z.string().min(1).max(200);
export const idParams = z.object({ id });
/** What the id in the path is an id of does not matter for its form: any text that is not there is "not found". */
export const ruleParams = z.object({ id: z.string().min(1).max(500) });

export const text = z.string().max(500).describe('Words that must all occur');
export const reason = z.string().trim().min(1).max(2_000).describe('Why, for the audit');
export const time = z.iso
  .datetime({ offset: true })
  .describe('ISO 8601 with zone, e.g. 2026-11-03T09:00:00Z or 2026-11-03T18:00:00+09:00');

/** Strict, as all queries: a filter misspelt must not answer everything. */
export const page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  cursor: z.string().min(1).max(2_000).optional().describe('`next` of the page before'),
});

/** `?status=new` and `?status=new&status=closed`. */
export function oneOrMany<T extends z.ZodType>(schema: T) {
  return z.union([schema, z.array(schema).min(1).max(100)]);
}

export function listOf<T extends z.ZodType>(schema: T) {
  return z.object({
    items: z.array(schema).readonly(),
    next: z.string().optional().describe('Cursor of the next page; absent on the last one'),
  });
}

export const noContent = z.undefined().describe('Done; nothing to say');

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong, where, and what to do'),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .describe('Every wrong field'),
    position: z.int().optional().describe('Of a mistake in a query, from 0'),
  })
  .describe('RFC 9457 problem details');

export const login = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .regex(/^[^\s:\p{C}]+$/u, 'no spaces, colons or control characters')
  .toLowerCase();
export const password = z
  .string()
  .min(1)
  .max(PASSWORD_MAX_LENGTH * 4);

/** A person as that person sees it. */
export const ownUser = z.object({
  login: z.string(),
  name: z.string(),
  role,
  members: memberAccess,
  language: user.shape.language.removeDefault(),
});

export const timelineItem = z.object({
  at: z.string(),
  kind: z.enum(['alert-first', 'alert-last', 'comment', 'change']),
  title: z.string(),
  titleJa: z.string().optional().describe('The same with the title in Japanese, where the rule has one'),
  memberId: z.string().optional(),
  alertId: z.string().optional(),
  by: z.string().optional(),
  text: z.string().optional(),
});
export type TimelineItem = z.infer<typeof timelineItem>;

/** Where-clause of the store from a query's properties, those not given left out. */
export function where(
  values: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string | readonly string[]> {
  const given: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) given[name] = value;
  return given;
}

/** A time with any offset -> ISO 8601 UTC, as everything stored is. */
export const utc = (at: string): string => new Date(at).toISOString();

/** Bounds on a sort key that is a time. */
export function bounds(query: { since?: string | undefined; until?: string | undefined }): {
  from?: string;
  to?: string;
} {
  return {
    ...(query.since !== undefined && { from: utc(query.since) }),
    ...(query.until !== undefined && { to: utc(query.until) }),
  };
}

/** Leaves `undefined` properties out, as exact optional properties want it. */
export function pageOf(query: { limit: number; cursor?: string | undefined }): { limit: number; cursor?: string } {
  return { limit: query.limit, ...(query.cursor !== undefined && { cursor: query.cursor }) };
}
