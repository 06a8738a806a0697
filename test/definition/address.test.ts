import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { freeAddress, isIn, overlaps, readAddress, subnetOf, unusable } from '../../scripts/lib/definition/address.ts'

// An independent notion of addresses: numbers, and text made from them without the library.
const bitsOf = { 4: 32, 6: 128 } as const
const family = fc.constantFrom<4 | 6>(4, 6)
const number = (bits: number) => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n })
const address = family.chain((version) => number(bitsOf[version]).map((value) => ({ version, value })))
const subnet = address.chain(({ version, value }) =>
  fc
    .integer({ min: 0, max: bitsOf[version] })
    .map((prefix) => ({ version, prefix, value: masked(value, version, prefix) })),
)

function masked(value: bigint, version: 4 | 6, prefix: number): bigint {
  const host = BigInt(bitsOf[version] - prefix)
  return (value >> host) << host
}

function text({ version, value }: { version: 4 | 6; value: bigint }): string {
  const [width, parts, radix, separator] = version === 4 ? ([8n, 4, 10, '.'] as const) : ([16n, 8, 16, ':'] as const)
  return Array.from({ length: parts }, (_, index) =>
    ((value >> (width * BigInt(parts - 1 - index))) & (2n ** width - 1n)).toString(radix),
  ).join(separator)
}

const cidr = (net: { version: 4 | 6; value: bigint; prefix: number }) => readAddress(`${text(net)}/${net.prefix}`)!
const canonical = (net: { version: 4 | 6; value: bigint; prefix: number }) =>
  subnetOf({ ip: cidr(net).ip, prefix: net.prefix })

test('an address is the same however it is spelled', () => {
  fc.assert(
    fc.property(address, (one) => {
      const read = readAddress(text(one))
      assert.is(read?.family, one.version)
      assert.equal(readAddress(read!.ip), read)
      assert.equal(readAddress(text(one).toUpperCase()), read)
    }),
  )
})

test('two addresses have one spelling only if they are one number', () => {
  fc.assert(
    fc.property(address, address, (one, other) => {
      const isSame = one.version === other.version && one.value === other.value
      assert.is(readAddress(text(one))!.ip === readAddress(text(other))!.ip, isSame)
    }),
  )
})

test('an address is in a subnet if and only if its first bits are those of the subnet', () => {
  fc.assert(
    fc.property(address, subnet, fc.boolean(), (one, net, inside) => {
      const value =
        inside && one.version === net.version
          ? net.value | (one.value & (2n ** BigInt(bitsOf[net.version] - net.prefix) - 1n))
          : one.value
      const expected = one.version === net.version && masked(value, net.version, net.prefix) === net.value
      assert.is(isIn(readAddress(text({ ...one, value }))!.ip, canonical(net)), expected)
    }),
  )
})

test('two subnets overlap if and only if the wider one holds the narrower one', () => {
  fc.assert(
    fc.property(subnet, subnet, (a, b) => {
      const prefix = Math.min(a.prefix, b.prefix)
      const expected =
        a.version === b.version && masked(a.value, a.version, prefix) === masked(b.value, b.version, prefix)
      assert.is(overlaps(canonical(a), canonical(b)), expected)
      assert.is(overlaps(canonical(b), canonical(a)), expected)
    }),
  )
})

test('a free address is inside, usable by a host and not taken; where none is left, none is given', () => {
  const small = fc.tuple(subnet, fc.integer({ min: 2, max: 6 })).map(([net, width]) => {
    const prefix = bitsOf[net.version] - width
    return { version: net.version, prefix, value: masked(net.value | (2n ** 28n), net.version, prefix) }
  })
  fc.assert(
    fc.property(small, fc.array(fc.nat(63)), (net, hosts) => {
      const size = 2 ** (bitsOf[net.version] - net.prefix)
      const taken = new Set(
        hosts.map((host) => readAddress(text({ ...net, value: net.value + BigInt(host % size) }))!.ip),
      )
      const free = freeAddress(canonical(net), taken)
      const all = Array.from(
        { length: size - 2 },
        (_, index) => readAddress(text({ ...net, value: net.value + BigInt(index + 1) }))!.ip,
      )
      if (free === null)
        assert.equal(
          all.filter((ip) => !taken.has(ip)),
          [],
        )
      else assert.ok(isIn(free, canonical(net)) && !taken.has(free) && all.includes(free), free)
    }),
  )
})

test('text that other programs read as another address is none', () => {
  const wrong = [
    '010.0.0.1',
    '10.1',
    '1',
    '0x7f.1',
    '10.0.0.256',
    '10.0.0.1/33',
    '10.0.0.1/',
    '10.0.0.1/024',
    '10.0.0.1/24/24',
    '10.0.0.1 ',
  ]
  const wrongSix = [
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
    '2001:db8::1::2',
    '1:2:3:4:5:6:7',
    ':::',
    '2001:db8::1/129',
    '12345::',
  ]
  for (const written of [...wrong, ...wrongSix, '', '/', '/24', 'a']) assert.is(readAddress(written), null, written)
})

test('addresses that no host can have are told apart from those that one can', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['10.0.0.0/24', false],
    ['10.0.0.255/24', false],
    ['10.0.0.0/31', true],
    ['10.0.0.1/31', true],
    ['10.0.0.0/32', true],
    ['10.0.0.1/24', true],
    ['127.0.0.1/8', false],
    ['224.0.0.5/24', false],
    ['0.0.0.5/8', false],
    ['255.255.255.255/32', false],
    ['2001:db8::/64', false],
    ['2001:db8::/127', true],
    ['2001:db8::1/64', true],
    ['::1/128', false],
    ['::/128', false],
    ['ff02::1/64', false],
  ]
  for (const [written, usable] of cases) {
    const { ip, prefix, family: version } = readAddress(written)!
    assert.is(unusable({ ip, prefix: prefix!, family: version }) === null, usable, written)
  }
})

test.run()
