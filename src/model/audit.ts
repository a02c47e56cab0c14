/** Who changed what, when, why. Entries are only ever added. */
import { z } from 'zod';

export const auditEntry = z.object({
  /** Time-ordered. */
  id: z.string(),
  at: z.iso.datetime(),
  /** Login, "key:<id>", or "system" for the center's own acts. */
  actor: z.string(),
  /** What was done: "alert.acknowledge", "member.create", "session.fail", … */
  action: z.string(),
  /** What it was done to: kind and id. */
  target: z.object({ kind: z.string(), id: z.string() }),
  /** Member concerned, null for the center's own things. */
  memberId: z.string().nullable(),
  reason: z.string().nullable(),
  /** Changed properties only. Never secrets. */
  before: z.record(z.string(), z.unknown()).nullable(),
  after: z.record(z.string(), z.unknown()).nullable(),
  version: z.int(),
});
export type AuditEntry = z.infer<typeof auditEntry>;
