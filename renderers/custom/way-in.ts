/** A person's own files that leave the deployer no way in: sshd that listens elsewhere or wants somebody else, a firewall in between. */
import { hostsOf, isMeant, mistake, servicePlace, type Finding, type Host, type Lab, type Place } from '../renderer.ts'
import { TemplateError } from '../template.ts'
import { filtersInput, turnsAway } from './nft.ts'
import { layers, pathOf, textOf, type AskedItem, type CustomService } from './settings.ts'
import { allOf, firstOf, isSshdFile, listenAddress, meansUser, sshdLines, type SshdLine } from './sshd.ts'

/** One file on one host, and the place that asks for it. */
interface Placed {
  readonly path: string
  readonly kind: Kind
  readonly text: string
  readonly at: Place
}

/** Each finding once, for the first host that it is about. */
export function wayInProblems(lab: Lab, service: CustomService): readonly Finding[] {
  const found = Object.values(lab.hosts).flatMap((host) => {
    const files = filesOn(lab, host, service)
    return [...sshdProblems(lab, host, files), ...firewallProblems(lab, host, files), ...keyProblems(lab, host, files)]
  })
  const places = new Set<string>()
  const once = found.filter(({ rule, at }) => {
    const key = JSON.stringify([rule, at])
    return !places.has(key) && places.add(key)
  })
  return [...layerProblems(lab, service), ...once]
}

function filesOn(lab: Lab, host: Host, service: CustomService): readonly Placed[] {
  return Object.entries(service).flatMap(([name, item]) =>
    isMeant(host, item.hosts) ? filesOf(lab, host, name, item) : [],
  )
}

/** What cannot be rendered is a problem that is named already. */
function filesOf(lab: Lab, host: Host, name: string, item: AskedItem): readonly Placed[] {
  return item.files.flatMap((asked, index) => {
    const path = pathOf(asked)
    const kind = kindOf(path)
    if (kind === null) return []
    try {
      return [{ path, kind, text: textOf(lab, host, path).join(''), at: servicePlace('custom', name, 'files', index) }]
    } catch (cause) {
      if (cause instanceof TemplateError) return []
      throw cause
    }
  })
}

type Kind = 'sshd' | 'keys' | 'sudoers' | 'firewall' | 'interfaces'

/** What a file has to do with who comes in; null: nothing. */
function kindOf(path: string): Kind | null {
  if (isSshdFile(path)) return 'sshd'
  if (/\/\.ssh\/authorized_keys2?$/.test(path)) return 'keys'
  if (/^\/etc\/sudoers(?:\.d\/[^/]+)?$/.test(path)) return 'sudoers'
  if (/^\/etc\/nftables(?:\.conf|\.d\/[^/]+)$/.test(path)) return 'firewall'
  if (/^\/etc\/(?:network\/interfaces(?:\.d\/[^/]+)?|systemd\/network\/[^/]+)$/.test(path)) return 'interfaces'
  return null
}

/** The layer that a file is of, whatever its item says; null where that is for a person to say. */
function layerOf({ kind, text }: Placed): 'access' | 'interfaces' | null {
  if (kind === 'interfaces') return 'interfaces'
  return kind !== 'firewall' || filtersInput(text) ? 'access' : null
}

/** What decides who comes in goes to one host first and is watched: by its layer. */
function layerProblems(lab: Lab, service: CustomService): readonly Finding[] {
  return Object.entries(service).flatMap(([name, item]) => {
    const files = hostsOf(lab, item.hosts).flatMap((host) => filesOf(lab, host, name, item))
    const file = files.find((each) => layers[item.layer] < layers[layerOf(each) ?? item.layer])
    if (file === undefined) return []
    const at = servicePlace('custom', name, 'layer')
    const message = `${file.path} decides who comes in, and "${name}" is of the layer "${item.layer}"`
    const help = `write "layer: ${layerOf(file)}": such files go to one host first, alone, and have to let the deployer in again`
    return [mistake('access-layer', at, message, help)]
  })
}

/** The deployer's own key is nowhere in the lab; but where there is none at all, there is not his either. */
function keyProblems({ management: { user } }: Lab, host: Host, files: readonly Placed[]): readonly Finding[] {
  const home = user === 'root' ? '/root' : `/home/${user}`
  return files.flatMap(({ path, text, at }) => {
    const isKey = /^[^#\n]*\b(?:ssh-|ecdsa-sha2-|sk-ssh-|sk-ecdsa-)\S+ [A-Za-z0-9+/]{40}/m
    if (path !== `${home}/.ssh/authorized_keys` || isKey.test(text)) return []
    const message = `with ${path} ${host.name} knows no key, and the deployer comes as ${user} with one`
    return [mistake('no-key', at, message, "add the deployer's public key")]
  })
}

function sshdProblems(lab: Lab, host: Host, files: readonly Placed[]): readonly Finding[] {
  const lines = sshdLines(files.filter(({ kind }) => kind === 'sshd'))
  const say = (rule: string, line: SshdLine, what: string, help: string) =>
    mistake(rule, placeOf(files, line.path), `with ${line.path} sshd on ${host.name} ${what}`, help)
  return [...ports(lab, lines, say), ...addresses(lab, host, lines, say), ...users(lab, lines, say)]
}

type Say = (rule: string, line: SshdLine, what: string, help: string) => Finding

/** Port holds for what names no port of its own; where none is told, somebody else's file or the default of 22 decides. */
function ports({ management }: Lab, lines: readonly SshdLine[], say: Say): readonly Finding[] {
  const own = allOf(lines, 'port').map(({ words: [word = ''] }) => Number(word))
  const listens = allOf(lines, 'listenaddress').map(({ words: [word = ''] }) => listenAddress(word).port)
  const numbers = listens.length === 0 ? own : listens.flatMap((port) => port ?? own)
  if (own.length === 0 && listens.some((port) => port === null)) return []
  const told = [...allOf(lines, 'port'), ...allOf(lines, 'listenaddress')]
  const first = told[0]
  const wanted = [management.port, ...(management.otherPorts ?? [])].filter((port) => !numbers.includes(port))
  if (first === undefined || numbers.length === 0 || wanted.length === 0) return []
  const what = `listens on port ${[...new Set(numbers)].join(', ')}, and the deployer comes to port ${wanted.join(', ')} (management in lab.yaml)`
  const help = `add "Port ${wanted[0]}", or correct the port in lab.yaml; to move it, have both in both places first`
  return [say('sshd-port', first, what, help)]
}

function addresses(lab: Lab, host: Host, lines: readonly SshdLine[], say: Say): readonly Finding[] {
  const told = allOf(lines, 'listenaddress')
  const first = told[0]
  const feet = host.kind === 'node' ? [host.addresses[lab.management.network]] : Object.values(host.addresses)
  const own = feet.flatMap((foot) => foot?.addresses.map(({ ip }) => ip) ?? [])
  const listens = told.map(({ words: [word = ''] }) => listenAddress(word).address)
  if (first === undefined || own.length === 0) return []
  const isOwn = (address: string) =>
    own.includes(address) || address === '0.0.0.0' || address === '::' || address === '*'
  if (listens.some(isOwn)) return []
  const what = `listens at ${listens.join(', ')} only, and the deployer comes to ${own.join(', ')}`
  return [say('sshd-address', first, what, `add "ListenAddress ${own[0]}", or remove the line`)]
}

function users({ management: { user } }: Lab, lines: readonly SshdLine[], say: Say): readonly Finding[] {
  const root = firstOf(lines, 'permitrootlogin')
  const keys = firstOf(lines, 'pubkeyauthentication')
  const allowed = allOf(lines, 'allowusers')
  const denied = allOf(lines, 'denyusers').find(({ words }) =>
    words.some((word) => !word.includes('@') && meansUser(word, user)),
  )
  const isLeftOut = allowed.length > 0 && !allowed.some(({ words }) => words.some((word) => meansUser(word, user)))
  const refuses = `does not let ${user} in, as whom the deployer comes`
  return [
    ...(user === 'root' && root !== null && ['no', 'forced-commands-only'].includes(root.words[0] ?? '')
      ? [
          say(
            'sshd-user',
            root,
            refuses,
            'write "PermitRootLogin prohibit-password", or name another management.user in lab.yaml',
          ),
        ]
      : []),
    ...(isLeftOut ? [say('sshd-user', allowed[0] as SshdLine, refuses, `add ${user} to AllowUsers`)] : []),
    ...(denied === undefined ? [] : [say('sshd-user', denied, refuses, `take ${user} out of DenyUsers`)]),
    ...(keys?.words[0] === 'no'
      ? [say('sshd-key', keys, 'takes no keys, and the deployer has nothing else', 'write "PubkeyAuthentication yes"')]
      : []),
  ]
}

function firewallProblems({ management }: Lab, host: Host, files: readonly Placed[]): readonly Finding[] {
  return files
    .filter(({ kind }) => kind === 'firewall')
    .flatMap(({ path, text, at }) => {
      const shut = [management.port, ...(management.otherPorts ?? [])].flatMap((port) => {
        const rule = turnsAway(text, port)
        return rule === null ? [] : [{ port, rule }]
      })
      const first = shut[0]
      if (first === undefined) return []
      const message = `with ${path} ${host.name} lets nobody in at port ${first.port}, to which the deployer comes: "${first.rule}"`
      return [mistake('firewall-port', at, message, `let it in before: "tcp dport ${first.port} accept"`)]
    })
}

function placeOf(files: readonly Placed[], path: string): Place {
  return files.find((file) => file.path === path)?.at ?? servicePlace('custom')
}
