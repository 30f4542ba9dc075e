/** IP addresses as text, one text per address. */

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const version4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`)
/** How a socket that takes both shows a peer of version 4. */
const mapped = '::ffff:'

/** The address as it is compared; undefined where the text is none. Names are not looked up. */
export function parseIp(text: string): string | undefined {
  const plain = text.toLowerCase()
  const own = plain.startsWith(mapped) ? plain.slice(mapped.length) : plain
  if (version4.test(own)) return own
  const url = `http://[${plain}]`
  return /^[0-9a-f:.]+$/.test(plain) && URL.canParse(url)
    ? new URL(url).hostname.slice(1, -1)
    : undefined
}

/** The address of a peer that is shown as 'address:port'. */
export function ipOfPeer(remote: string): string {
  const colon = remote.lastIndexOf(':')
  const address = colon === -1 ? remote : remote.slice(0, colon)
  return parseIp(address) ?? address
}
