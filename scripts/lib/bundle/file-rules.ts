/** What every file of a bundle must hold to, whoever renders it. */
import { servicePlace, type File, type Finding } from '../../../renderers/renderer.ts'
import type { ServicePart } from './service-part.ts'
import { endsWithNewline, mostBytes } from './text.ts'

/** Of one file on pmxcfs, bytes: offset + count may not pass it (pmxcfs.c). */
const pmxcfsLimit = 1024 * 1024
/** Folders of the host's that no file may be put into: quorate's own state, and what is no storage. */
const closed = /^\/(?:var\/lib\/quorate|proc|sys|dev|run|tmp)(?:\/|$)/

/** What is wrong with a file by itself. */
export function fileFindings(host: string, service: string, file: File): readonly Finding[] {
  return faultsOf(file).map(({ rule, message, help }) => ({
    rule,
    severity: 'error',
    at: file.from[0] ?? servicePlace(service),
    message: `${JSON.stringify(file.path)} on ${host} ${message}`,
    help,
  }))
}

/** Two parts that want the same path on a host, or a path below another's file. */
export function clashes(host: string, parts: readonly ServicePart[]): readonly Finding[] {
  const claimed = new Map<string, string>()
  const findings: Finding[] = []
  const files = parts.flatMap((part) =>
    part.files.flatMap((file) => placesOf(file).map((each) => ({ file: each, part }))),
  )
  for (const { file, part } of files) {
    const owner = claimed.get(file.path)
    claimed.set(file.path, owner ?? part.id)
    if (owner === undefined) continue
    const at = file.from[0] ?? servicePlace(part.service)
    const message = `${file.path} on ${host} is claimed twice: by ${owner} and by ${part.id}`
    findings.push({ rule: 'path-claimed-twice', severity: 'error', at, message, help: 'let one of the two write it' })
  }
  const above = new Map<string, string | undefined>()
  for (const { file, part } of files) {
    const folder = file.path.slice(0, file.path.lastIndexOf('/'))
    if (!above.has(folder))
      above.set(
        folder,
        foldersOf(file.path).find((path) => claimed.has(path)),
      )
    const parent = above.get(folder)
    if (parent === undefined) continue
    const at = file.from[0] ?? servicePlace(part.service)
    const message = `${file.path} on ${host} needs ${parent} to be a folder, but ${claimed.get(parent)} writes it as a file`
    findings.push({
      rule: 'path-below-a-file',
      severity: 'error',
      at,
      message,
      help: 'give one of the two another path',
    })
  }
  return findings
}

/** The file, and the copy of it that is laid by itself. */
function placesOf(file: File): readonly Pick<File, 'path' | 'from'>[] {
  return file.copy === undefined ? [file] : [file, { path: file.copy.path, from: file.from }]
}

interface Fault {
  readonly rule: string
  readonly message: string
  readonly help: string
}

function faultsOf(file: File): readonly Fault[] {
  const faults: Fault[] = []
  const add = (wrong: boolean, rule: string, message: string, help: string) => {
    if (wrong) faults.push({ rule, message, help })
  }
  const legal = isLegalPath(file.path)
  add(
    !legal,
    'illegal-path',
    'is no path that a file may have',
    'take an absolute path of letters, digits and . _ @ : + - / without ".", ".." and empty parts, at most 255 characters a part',
  )
  add(
    legal && (closed.test(file.path) || file.path === '/manifest.json'),
    'reserved-path',
    'is reserved',
    'take a path outside /var/lib/quorate, /proc, /sys, /dev, /run and /tmp',
  )
  add(
    legal && (file.store === 'pmxcfs') !== file.path.startsWith('/etc/pve/'),
    'path-outside-store',
    `is declared to be on ${file.store}`,
    'what is below /etc/pve/ is on pmxcfs, everything else on disk',
  )
  add(
    !/^0[0-7]{3}$/.test(file.mode),
    'illegal-mode',
    `has the mode ${JSON.stringify(file.mode)}`,
    'write four octal digits, e.g. "0644"; setuid and setgid are refused',
  )
  add(
    !/^[a-z_][a-z0-9_-]{0,31}:[a-z_][a-z0-9_-]{0,31}$/.test(file.owner),
    'illegal-owner',
    `has the owner ${JSON.stringify(file.owner)}`,
    'write user:group, e.g. "root:root"',
  )
  const { copy } = file
  add(
    copy !== undefined && !(file.store === 'pmxcfs' && hasSerial(file) && isOnDisk(copy.path)),
    'illegal-copy',
    `has a copy at ${JSON.stringify(copy?.path)}`,
    'only a file below /etc/pve/ with a number that may only rise has one, and the copy is a file on disk',
  )
  const empty = file.text.every((segment) => segment === '')
  add(empty, 'empty-file', 'is empty', 'leave the file out, or give it a content')
  add(
    !empty && !endsWithNewline(file.text),
    'no-final-newline',
    'does not end with a newline',
    'end its last line with a newline',
  )
  add(
    file.store === 'pmxcfs' && mostBytes(file.text) > pmxcfsLimit,
    'too-large-for-pmxcfs',
    'is larger than the 1 MiB that pmxcfs takes',
    'split it into several files',
  )
  return faults
}

function hasSerial({ text }: File): boolean {
  return text.some((segment) => typeof segment !== 'string' && 'serial' in segment)
}

function isOnDisk(path: string): boolean {
  return isLegalPath(path) && !path.startsWith('/etc/pve/') && !closed.test(path)
}

/** Absolute, of a small alphabet, and nothing in it that leads elsewhere. */
export function isLegalPath(path: string): boolean {
  if (!path.startsWith('/') || path.length > 1024) return false
  return path
    .slice(1)
    .split('/')
    .every((part) => /^[A-Za-z0-9._@:+-]{1,255}$/.test(part) && part !== '.' && part !== '..')
}

function foldersOf(path: string): readonly string[] {
  const parts = path.split('/')
  return parts.slice(2).map((_, index) => parts.slice(0, index + 2).join('/'))
}
