import type { Config } from '../config/schema.ts'
import type { User } from '../store/users.ts'

/** May a sign-in begin, or end, for this address? A disabled person and an uninvited stranger may not. */
export function maySignIn(signup: Config['signup'], email: string, user: User | undefined): boolean {
  if (user) return user.disabledAt === null
  if (signup.policy === 'domains') return signup.domains.includes(email.slice(email.lastIndexOf('@') + 1))
  return signup.policy === 'open'
}
