//! TLS 1.3 without certificate authorities: a server has a key of its own, and clients pin it.
//!
//! The pin is the SHA-256 of the public key (SPKI), so a new certificate for the same key keeps it. Storing pins and
//! asking users is up to the client.

use std::fmt;
use std::sync::{Arc, OnceLock};

use data_encoding::BASE64_NOPAD;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme, version};
use sha2::{Digest as _, Sha256};

/// Name of the protocol in the handshake.
pub const ALPN: &[u8] = b"mini-tweet/1";

/// Why a TLS identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Generating a key failed.
    #[error("cannot generate a TLS key: {0}")]
    Generate(#[from] rcgen::Error),
    /// The text is not PEM, or holds something else.
    #[error("the TLS {0} is not valid PEM")]
    Pem(&'static str),
    /// Certificate and key do not belong together, or TLS 1.3 does not support their kind.
    #[error("the TLS certificate and key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// SHA-256 of the public key of a server: users compare it at first contact.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of the key in a certificate.
    ///
    /// # Errors
    /// If it is not a valid certificate.
    pub fn of_certificate(certificate: &CertificateDer<'_>) -> Result<Self, rustls::Error> {
        let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
        Ok(Self(Sha256::digest(key).into()))
    }

    /// Parses what [`fmt::Display`] writes; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_NOPAD.decode(text.strip_prefix("SHA256:")?.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", BASE64_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Certificate and key of a server.
pub struct Identity {
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    fingerprint: Fingerprint,
}

impl Identity {
    /// Generates a self-signed certificate (ECDSA P-256) and its key, as PEM in this order. Random bytes come from the
    /// operating system.
    ///
    /// # Errors
    /// [`IdentityError::Generate`].
    pub fn generate_pem() -> Result<String, IdentityError> {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let mut parameters = rcgen::CertificateParams::new(vec!["mini-tweet".to_owned()])?;
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "mini-tweet");
        let certificate = parameters.self_signed(&key)?;
        Ok(certificate.pem() + &key.serialize_pem())
    }

    /// Parses PEM. Both texts may be the same, with certificate and key in it.
    ///
    /// # Errors
    /// [`IdentityError::Pem`], or [`IdentityError::Unusable`] if the certificate cannot be read.
    pub fn from_pem(certificates: &str, key: &str) -> Result<Self, IdentityError> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(certificates.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| IdentityError::Pem("certificate"))?;
        let key =
            PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| IdentityError::Pem("private key"))?;
        let first = certificates.first().ok_or(IdentityError::Pem("certificate"))?;
        let fingerprint = Fingerprint::of_certificate(first)?;
        Ok(Self { certificates, key, fingerprint })
    }

    /// The fingerprint of its public key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.fingerprint)
    }
}

/// The TLS configuration of a server with this identity.
///
/// # Errors
/// [`IdentityError::Unusable`] if certificate and key do not belong together.
pub fn server_config(identity: &Identity) -> Result<Arc<ServerConfig>, IdentityError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(identity.certificates.clone(), identity.key.clone_key())?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

/// The TLS configuration of a client that accepts the servers that `pin` accepts.
///
/// # Errors
/// If the provider does not support TLS 1.3, which ring does.
pub fn client_config(pin: Arc<PinVerifier>) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(pin)
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    // A resumed handshake presents no certificate, so nothing could be compared with the pin.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(ring::default_provider())).clone()
}

/// Compares the key of a server with the expected one, and stores the presented one. With no expected key it accepts
/// every key: the caller must check [`PinVerifier::presented`] before it sends a secret.
#[derive(Debug)]
pub struct PinVerifier {
    expected: Option<Fingerprint>,
    presented: OnceLock<Fingerprint>,
}

impl PinVerifier {
    /// A verifier for one handshake.
    #[must_use]
    pub fn new(expected: Option<Fingerprint>) -> Arc<Self> {
        Arc::new(Self { expected, presented: OnceLock::new() })
    }

    /// The key that the server presented; `None` before the handshake.
    #[must_use]
    pub fn presented(&self) -> Option<Fingerprint> {
        self.presented.get().copied()
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let presented = *self.presented.get_or_init(|| {
            // An invalid certificate gets a fingerprint that no key has, and fails below.
            Fingerprint::of_certificate(end_entity).unwrap_or(Fingerprint([0; 32]))
        });
        let is_now = Fingerprint::of_certificate(end_entity)?;
        if is_now != presented || self.expected.is_some_and(|expected| expected != presented) {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    fn identity() -> Identity {
        let pem = Identity::generate_pem().unwrap();
        Identity::from_pem(&pem, &pem).unwrap()
    }

    /// A handshake over an in-memory stream; whether the client accepted.
    async fn handshake(identity: &Identity, pin: Arc<PinVerifier>) -> bool {
        let (near, far) = tokio::io::duplex(16 * 1024);
        let acceptor = TlsAcceptor::from(server_config(identity).unwrap());
        let connector = TlsConnector::from(client_config(pin).unwrap());
        let name = ServerName::try_from("mini-tweet").unwrap();
        let (client, _server) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
        client.is_ok_and(|stream| stream.get_ref().1.alpn_protocol() == Some(ALPN))
    }

    #[tokio::test]
    async fn the_expected_key_is_accepted_and_another_is_refused() {
        let (ours, other) = (identity(), identity());
        assert!(handshake(&ours, PinVerifier::new(Some(ours.fingerprint()))).await);
        let pin = PinVerifier::new(Some(other.fingerprint()));
        assert!(!handshake(&ours, pin.clone()).await);
        assert_eq!(pin.presented(), Some(ours.fingerprint()), "both can be shown to the user");
    }

    #[tokio::test]
    async fn a_first_contact_accepts_any_key_and_reports_it() {
        let ours = identity();
        let pin = PinVerifier::new(None);
        assert!(handshake(&ours, pin.clone()).await);
        assert_eq!(pin.presented(), Some(ours.fingerprint()));
    }

    #[test]
    fn a_fingerprint_parses_as_it_is_displayed() {
        let fingerprint = identity().fingerprint();
        assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Some(fingerprint));
        for bad in ["", "SHA256:", "SHA256:abc", "MD5:abc"] {
            assert_eq!(Fingerprint::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (one, other) = (Identity::generate_pem().unwrap(), Identity::generate_pem().unwrap());
        let mixed = Identity::from_pem(&one, &other).unwrap();
        assert!(matches!(server_config(&mixed), Err(IdentityError::Unusable(_))));
        assert!(matches!(Identity::from_pem("", ""), Err(IdentityError::Pem(_))));
    }
}
