/** What a file of nftables does with new connections to a TCP port of the host, as far as that can be told from its text (nft(8)). */

/** Of a chain on the input hook: a rule that turns the port away, or a policy that does while no rule lets it in. Null where neither is certain. */
export function turnsAway(text: string, port: number): string | null {
  for (const rules of inputChains(text.replaceAll(/#.*$/gm, ''))) {
    if (rules.some(isElsewhere)) continue
    for (const rule of rules) {
      if (mayAccept(rule, port)) break
      if (surelyDrops(rule, port)) return rule
    }
    const policy = rules.find((rule) => /\bpolicy drop$/.test(rule))
    if (policy !== undefined && !rules.some((rule) => mayAccept(rule, port))) return 'policy drop'
  }
  return null
}

/** Whether it decides at all who comes in. */
export function filtersInput(text: string): boolean {
  return /\bhook\s+input\b/.test(text.replaceAll(/#.*$/gm, ''))
}

/** The statements of each chain of type filter on the input hook, white space made plain. */
function inputChains(text: string): readonly (readonly string[])[] {
  const chains = [...text.matchAll(/\bchain\s+\S+\s*\{/g)].map((found) => bodyFrom(text, found.index + found[0].length))
  return chains.map(statements).filter((rules) => rules.some((rule) => /^type filter hook input\b/.test(rule)))
}

/** Up to the brace that closes it. */
function bodyFrom(text: string, start: number): string {
  let depth = 1
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1
    if (text[at] === '}') depth -= 1
    if (depth === 0) return text.slice(start, at)
  }
  return text.slice(start)
}

function statements(body: string): readonly string[] {
  const oneLineSets = body.replaceAll(/\{[^{}]*\}/g, (set) => set.replaceAll('\n', ' '))
  return oneLineSets
    .split(/[;\n]/)
    .map((statement) => statement.trim().replaceAll(/\s+/g, ' '))
    .filter((statement) => statement !== '')
}

/** Other chains, maps, variables and other files may decide anything. */
function isElsewhere(rule: string): boolean {
  return /\b(?:jump|goto|vmap|include)\b|\$/.test(rule)
}

/** Rules that accept, unless they are about something else for certain: what is known already, loopback, ICMP, other ports. */
function mayAccept(rule: string, port: number): boolean {
  if (!/\baccept\b/.test(rule) || /\bpolicy\b/.test(rule)) return false
  if (/\bct state\b/.test(rule) && !/\bnew\b/.test(rule)) return false
  if (/\biif(?:name)? "?lo"?\b/.test(rule) || /\b(?:icmp|icmpv6|ipv6-icmp|udp|vrrp|igmp)\b/.test(rule)) return false
  const ports = portsOf(rule)
  return ports === null || ports.includes(port) !== /\bdport !=/.test(rule)
}

/** Nothing but the port decides. */
function surelyDrops(rule: string, port: number): boolean {
  const bare = /^tcp dport (?:\{[^}]*\}|[\w-]+)(?: counter)?(?: log(?: prefix "[^"]*")?)? (?:drop|reject(?: with .*)?)$/
  return bare.test(rule) && portsOf(rule)?.includes(port) === true
}

interface Ports {
  includes(port: number): boolean
}

/** The destination ports that a rule names; null where it names none. */
function portsOf(rule: string): Ports | null {
  const [, set, one] = /\bdport (?:!= ?)?(?:\{([^}]*)\}|([\w-]+))/.exec(rule) ?? []
  if (set === undefined && one === undefined) return null
  const ranges = (set ?? one ?? '').split(',').map((part) => {
    const [low = '', high = low] = part.trim().replace(/^ssh$/, '22').split('-')
    return [Number(low), Number(high)] as const
  })
  return { includes: (port) => ranges.some(([low, high]) => port >= low && port <= high) }
}
