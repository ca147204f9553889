import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ensureAuthority, ensureCertificate } from './pki.ts';

describe('certificates', () => {
  const dir = mkdtempSync(join(tmpdir(), 'kwasm-pki-'));
  after(() => rmSync(dir, { recursive: true }));

  it('are signed by their authority, carry who they are for, and are made once', async () => {
    const authority = await ensureAuthority(dir, 'ca');
    const subject = { commonName: 'system:node:n1', organization: 'system:nodes', names: ['DNS:n1', 'IP:10.1.0.11'] };
    const pair = await ensureCertificate(dir, 'n1', subject, authority);
    const [certificate, issuer] = [pair, authority].map(({ cert }) => new X509Certificate(readFileSync(cert)));
    expect(certificate?.verify(issuer?.publicKey ?? expect.fail('no authority'))).to.equal(true);
    expect(certificate?.subject).to.equal('O=system:nodes\nCN=system:node:n1');
    expect(certificate?.subjectAltName).to.equal('DNS:n1, IP Address:10.1.0.11');
    expect(certificate?.keyUsage).to.have.members(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect([issuer?.ca, certificate?.ca]).to.deep.equal([true, false]);
    await ensureCertificate(dir, 'n1', subject, authority);
    expect(new X509Certificate(readFileSync(pair.cert)).serialNumber).to.equal(certificate?.serialNumber);
  });

  it('without names serve nobody', async () => {
    const authority = await ensureAuthority(dir, 'ca');
    const { cert } = await ensureCertificate(dir, 'client', { commonName: 'somebody' }, authority);
    expect(new X509Certificate(readFileSync(cert)).keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.2']);
  });
});
