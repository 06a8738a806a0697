/** A person's own files of sshd and of the firewall: which leave the deployer no way in, and which do. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import type { Lab } from '../../renderers/renderer.ts'
import { labIn } from './lab-folder.ts'

const example = await labIn('example')

/** Rules broken by files of the nodes in an item of that layer; the deployer comes as root, to 22 or to `ports`. */
function broken(
  files: Readonly<Record<string, string>>,
  ports: readonly number[] = [22],
  layer = 'access',
): readonly string[] {
  const [port = 22, ...otherPorts] = ports
  const own = Object.entries(files).map(([path, text]) => [`nodes${path}`, text])
  const item = { title: 'Who comes in', hosts: ['nodes'], layer, files: Object.keys(files) }
  const lab: Lab = {
    ...example,
    management: { ...example.management, port, otherPorts },
    services: { ...example.services, custom: { access: item } },
    files: Object.fromEntries(own),
  }
  const found = renderers.find(({ service }) => service === 'custom')?.problems(lab) ?? []
  return found.map(({ rule }) => rule)
}

const dropIn = '/etc/ssh/sshd_config.d/10-lab.conf'

const sshd: readonly (readonly [what: string, text: string, ports: readonly number[], rules: readonly string[]])[] = [
  ['nothing about it', 'MaxAuthTries 4\n', [2222], []],
  ['the port', 'Port 2222\n', [2222], []],
  ['another port', 'port 2222\n', [22], ['sshd-port']],
  ['one port of two', 'Port 22\n', [22, 2222], ['sshd-port']],
  ['both ports', 'Port 22\nPort 2222\n', [2222, 22], []],
  ['a comment', '# Port 2222\n', [22], []],
  ['a port with "="', 'Port=2222\n', [22], ['sshd-port']],
  ['addresses with other ports', 'Port 22\nListenAddress 0.0.0.0:2222\n', [22], ['sshd-port']],
  ['IPv6 with the port', 'ListenAddress [::]:22\n', [22], []],
  ['an address of the VPN', 'ListenAddress 10.0.0.11\n', [22], ['sshd-address']],
  ['loopback', 'ListenAddress 127.0.0.1\nListenAddress ::1\n', [22], ['sshd-address']],
  ['everywhere', 'ListenAddress 0.0.0.0\n', [22], []],
  ['no root', 'PermitRootLogin no\n', [22], ['sshd-user']],
  ['root by key', 'PermitRootLogin prohibit-password\n', [22], []],
  ['root by key, and no root after it', 'PermitRootLogin yes\nPermitRootLogin no\n', [22], []],
  ['no keys', 'PubkeyAuthentication no\n', [22], ['sshd-key']],
  ['others only', 'AllowUsers alice b*b\n', [22], ['sshd-user']],
  ['others, and root from somewhere', 'AllowUsers alice\nAllowUsers r??t@192.0.2.*\n', [22], []],
  ['not root', 'DenyUsers guest root\n', [22], ['sshd-user']],
  ['not root from somewhere', 'DenyUsers root@192.0.2.1\n', [22], []],
  ['what holds for some only', 'Match User guest\n  PubkeyAuthentication no\n', [22], []],
]

for (const [what, text, ports, rules] of sshd) {
  test(`sshd is told ${what}, and the deployer comes to ${ports.join(' and ')}: ${rules.join() || 'well'}`, () => {
    assert.equal(broken({ [dropIn]: text }, ports), rules)
  })
}

test('a drop-in comes before the main file, and counts only where the main file includes it', () => {
  const main = '/etc/ssh/sshd_config'
  const both = (text: string) => broken({ [main]: text, [dropIn]: 'PermitRootLogin no\n' })
  assert.equal(both('Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\n'), ['sshd-user'])
  assert.equal(both('PermitRootLogin yes\n'), [])
})

const input = (...rules: readonly string[]) =>
  `table inet filter {\n  chain input {\n    type filter hook input priority filter; ${rules.join('\n    ')}\n  }\n}\n`

const firewalls: readonly (readonly [what: string, text: string, rules: readonly string[]])[] = [
  ['drops the port', input('tcp dport 22 drop'), ['firewall-port']],
  ['rejects it among others, by name', input('tcp dport { 25, ssh } counter reject with tcp reset'), ['firewall-port']],
  ['drops a range with it', input('tcp dport 1-1023 log prefix "low" drop'), ['firewall-port']],
  ['drops another port', input('tcp dport 25 drop'), []],
  ['drops it for some', input('ip saddr 192.0.2.0/24 tcp dport 22 drop'), []],
  ['accepts it before', input('tcp dport 22 accept', 'tcp dport { 22, 25 } drop'), []],
  [
    'drops what it does not know',
    input('policy drop', 'ct state established,related accept', 'iif lo accept'),
    ['firewall-port'],
  ],
  [
    'knows other ports only',
    input('policy drop;', 'tcp dport { 80, 443 } accept', 'udp dport 22 accept'),
    ['firewall-port'],
  ],
  ['knows the port', input('policy drop;', 'tcp dport {\n      80,\n      22\n    } accept'), []],
  ['knows addresses', input('policy drop;', 'ip saddr @office accept'), []],
  ['leaves it to another chain', input('policy drop;', 'jump services'), []],
  ['leaves it to a variable', input('policy drop;', 'tcp dport $ssh accept'), []],
  ['says so in a comment only', input('policy drop;', '# tcp dport 22 accept'), ['firewall-port']],
  ['is about what is passed on', input('tcp dport 22 drop').replace('hook input', 'hook forward'), []],
]

for (const [what, text, rules] of firewalls) {
  test(`the firewall ${what}: ${rules.join() || 'well'}`, () => {
    assert.equal(broken({ '/etc/nftables.conf': text }), rules)
  })
}

test('a firewall has to let all the ports in while sshd moves from one to another', () => {
  const only = input('policy drop;', 'tcp dport 22 accept')
  assert.equal(broken({ '/etc/nftables.conf': only }, [22, 2222]), ['firewall-port'])
  assert.equal(broken({ '/etc/nftables.conf': only.replace('22 accept', '{ 22, 2222 } accept') }, [22, 2222]), [])
})

const key = `ssh-ed25519 ${'A'.repeat(68)} deployer\n`

test('a file of keys has to hold one for the user that the deployer comes as', () => {
  const rules = (text: string, path = '/root/.ssh/authorized_keys') => broken({ [path]: text })
  assert.equal(rules(''), ['no-key'])
  assert.equal(rules(`# ${key}`), ['no-key'])
  assert.equal(rules(`# mine\nfrom="192.0.2.0/24" ${key}`), [])
  assert.equal(rules('', '/home/alice/.ssh/authorized_keys'), [])
})

test('what decides who comes in is of a layer that goes to one host first', () => {
  const rules = (path: string, text = '') => broken({ [path]: text }, [22], 'names')
  for (const path of [
    dropIn,
    '/home/alice/.ssh/authorized_keys',
    '/etc/sudoers.d/lab',
    '/etc/network/interfaces.d/lab',
  ])
    assert.equal(rules(path), ['access-layer'], path)
  assert.equal(rules('/etc/nftables.conf', input('accept')), ['access-layer'])
  assert.equal(rules('/etc/nftables.conf', input('accept').replace('hook input', 'hook forward')), [])
  assert.equal(rules('/etc/motd'), [])
  assert.equal(broken({ '/etc/network/interfaces.d/lab': '' }), ['access-layer'], 'access comes before interfaces')
})

test.run()
