/** Values that SOPS itself encrypted, from the files that its own tests read (getsops/sops, MPL-2.0: functional-tests/res, example.yaml). */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ciphertext, plaintext } from '../../scripts/lib/secrets/ciphertext.ts'
import { openedValues } from '../../scripts/lib/secrets/open-file.ts'
import { sopsFile } from '../../scripts/lib/secrets/sops-file.ts'

/** comments.enc.yaml's, written by SOPS 3.6.1; opened with the PGP key that is published with it. */
const ofComments = Buffer.from('61bec946f5783fd4cea3d1b1ce407fce2b6e81fc301cc539c422015e27f6d1be', 'hex')
const comments = `lorem: ENC[AES256_GCM,data:PhmSdTs=,iv:J5ugEWq6RfyNx+5zDXvcTdoQ18YYZkqesDED7LNzou4=,tag:0Qrom6J6aUnZMZzGz5XCxw==,type:str]
# SOPS has a comment here
dolor: ENC[AES256_GCM,data:IgvT,iv:wtPNYbDTARFE810PH6ldOLzCDcAjkB/dzPsZjpgHcko=,tag:zwE8P+AwO1hrHkgF6pTbZw==,type:str]
sops:
    lastmodified: '2020-10-07T15:49:13Z'
    mac: ENC[AES256_GCM,data:2dhyKdHYSynjXPwYrn9356wA7vRKw+T5qwBenI2vZrgthpQBOCQG4M6f7eeH3VLTxB4mN4CAchb25dsNRoGr6A38VruaSSAhPco3Rh4AlvKSvXuhgRnzZvNxE/bnHX1D4K5cdTb4FsJg/Ue1l7UcWrlrv1s3H3SwLHP/nf+suD0=,iv:6xBYURjjaQzlUOKOrs2NWOChiNFZVAGPJZQZ59MwX3o=,tag:uXD5VYme+c8eHcCc5TD2YA==,type:str]
    unencrypted_suffix: _unencrypted
    version: 3.6.1
`
/** example.yaml's, of August 2025. */
const ofExample = Buffer.from('8c68886c50b5b72965a3cb99c5172e1d74a8aca27b39ee880b535d6907e59f68', 'hex')

test('a file that SOPS wrote is read, and its MAC is the one that is worked out here', () => {
  const values = openedValues(sopsFile(comments, 'secrets.yaml'), ofComments)
  assert.equal(
    [...values],
    [
      ['lorem', 'ipsum'],
      ['dolor', 'sit'],
    ],
  )
})

for (const [purpose, text, expected] of [
  [
    'app2:db:password:',
    'ENC[AES256_GCM,data:8Ll+TDCgzQ==,iv:aao0OSVdFwaB9EGZ0O+Wn5bRJ6do7hgiQioqiwDi1w0=,tag:WKj0nuSSPkm2dBOBwinYvg==,type:str]',
    'c4r1b0u',
  ],
  [
    'number:',
    'ENC[AES256_GCM,data:DX0qiTOWhQvG/w==,iv:ouWsby8JoFwCRj/mLVCnNcYhP2sdyf4h6nwZuGksE7Q=,tag:lPU6AId2JrlquHnYRw+E8Q==,type:float]',
    '1234568000',
  ],
  [
    'somebooleans:',
    'ENC[AES256_GCM,data:ExiXxg==,iv:K7FUwomqdA7o9lzvNoAMH/wbXs08FextTGGeJKnaatU=,tag:A9UntgvPIcappmeM3jsbdA==,type:bool]',
    'True',
  ],
] as const) {
  test(`a value that SOPS encrypted for ${purpose} opens for that only`, () => {
    const sealed = ciphertext(text)!
    assert.is(plaintext(sealed, ofExample, purpose)?.toString(), expected)
    assert.is(plaintext(sealed, ofExample, 'app2:db:user:'), null)
    assert.is(plaintext(sealed, ofComments, purpose), null)
  })
}

test.run()
