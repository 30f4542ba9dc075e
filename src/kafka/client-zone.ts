/** The zone that a client says it is in: Metadata has no field for it, so its client id may tell. */

const pattern = /(?:^|[^A-Za-z0-9])zone=([A-Za-z0-9._-]{1,64})/

/** `zone=…` in a client id, as in `orders,zone=eu-1a`; undefined where it says none. */
export function zoneOf(clientId: string | null): string | undefined {
  return clientId === null ? undefined : pattern.exec(clientId)?.[1]
}
