/** Who may do what: people, keys, sessions. Secrets appear here only as hashes. */
import { z } from 'zod';
import { memberId } from './member.ts';

/**
 * admin: everything. analyst: reads all members it is given, works on alerts and incidents. responder: reads and comments.
 * member: reads its own member's part. auditor: reads everything, the audit included, changes nothing.
 */
export const role = z.enum(['admin', 'analyst', 'responder', 'member', 'auditor']);
export type Role = z.infer<typeof role>;

/** Members that a person or key may see. A reader with role "member" has exactly one. */
export const memberAccess = z.union([z.literal('all'), z.array(memberId).min(1)]);
export type MemberAccess = z.infer<typeof memberAccess>;

export const user = z.object({
  id: z.string(),
  /** Sign-in name, compared in lower case. */
  login: z.string().min(1).max(120),
  name: z.string().min(1).max(120),
  role,
  members: memberAccess,
  language: z.enum(['ja', 'en']).default('ja'),
  /** PHC string, $argon2id$v=19$m=…$salt$hash; empty until the person has set a password. */
  passwordHash: z.string(),
  failedLogins: z.int().default(0),
  lockedUntil: z.iso.datetime().nullable().default(null),
  createdAt: z.iso.datetime(),
  version: z.int(),
});
export type User = z.infer<typeof user>;

/** A key: `hnm_<id>_<secret>`. Of the secret only the SHA-256 is kept. */
export const key = z.object({
  id: z.string(),
  kind: z.enum(['ingest', 'api']),
  label: z.string().max(120),
  secretHash: z.string(),
  /** ingest keys: the one source they write to. */
  sourceId: z.string().nullable(),
  /** ingest keys: the source's member. api keys: null, see `members`. */
  memberId: z.string().nullable(),
  /** api keys: what their bearer is. */
  role: role.nullable(),
  members: memberAccess.nullable(),
  revokedAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
  version: z.int(),
});
export type Key = z.infer<typeof key>;

export const session = z.object({
  /** SHA-256 of the cookie's value. */
  id: z.string(),
  userId: z.string(),
  /** setup: may only set the password (the one-time link of a new user); full: may work. */
  kind: z.enum(['setup', 'full']),
  csrfToken: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  version: z.int(),
});
export type Session = z.infer<typeof session>;
