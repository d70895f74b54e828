import { networkInterfaces } from 'node:os'

/** The addresses of this machine, also the loopback ones. None where the system does not tell. */
export function ownAddresses(): string[] {
  try {
    return Object.values(networkInterfaces()).flatMap((found = []) => found.map(({ address }) => address))
  } catch {
    return []
  }
}
