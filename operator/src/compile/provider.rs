//! `ProviderKey` → how to reach the provider.

use std::sync::Arc;

use wayleave_api::condition::Reason;
use wayleave_api::number::Decimal;
use wayleave_api::price::Price;
use wayleave_api::provider_key::{Format, ProviderKeySpec, ProviderName};
use wayleave_core::format::WireFormat;
use wayleave_core::price::{ModelGlob, Overlay, OverlayPrice, Ratio};
use wayleave_core::snapshot::{Access, Endpoint, ObjectName};
use wayleave_core::vendor::Vendor;

use super::cloud::Cloud;
use super::credential::Unavailable;
use super::verdict::{Problems, Verdict};
use super::{capability, credential, endpoint, grant, limit};
use crate::field::FieldPath;
use crate::object::{Kind, ObjectRef, Objects};

/// Compiles one `ProviderKey`.
pub(super) fn compile(name: &ObjectName, spec: &ProviderKeySpec, objects: &Objects) -> (Access, Verdict) {
    let mut problems = Problems::default();
    let vendor = vendor(spec, &mut problems);
    let cloud = Cloud::of(spec, &mut problems);
    let own = cloud.as_ref().and_then(|cloud| cloud.url.as_deref());
    let url = endpoint::url(spec, own.or(vendor.and_then(|vendor| vendor.url)), &mut problems);
    let keys = credential::keys(
        name,
        spec,
        vendor.map(|vendor| vendor.auth),
        objects,
        &mut problems,
    );
    let ca_pem = ca_pem(name, spec, url.as_deref(), objects, &mut problems);
    let prices = prices(spec, &mut problems);
    let capabilities = capability::rows(spec, &mut problems);
    let limits = limit::limits(spec, &mut problems);
    grant::check(spec, &mut problems);

    // One lost credential of several is told, but the others serve.
    let unusable = if keys.is_some() && ca_pem.is_ok() {
        problems.own_fault()
    } else {
        problems.fault()
    };
    let access = match (unusable, vendor, url.zip(cloud), keys, ca_pem) {
        (None, Some(vendor), Some((url, cloud)), Some(keys), Ok(ca_pem)) => {
            Access::Ready(Arc::new(Endpoint {
                vendor,
                url: cloud.base(url),
                paths: cloud.paths,
                region: cloud.region,
                keys,
                ca_pem,
                prices,
                capabilities,
                limits,
            }))
        }
        (reason, ..) => Access::Broken(reason.unwrap_or_else(|| "it cannot be used".to_owned())),
    };
    let in_force = matches!(access, Access::Ready(_));
    (
        access,
        problems.into_verdict(ObjectRef::new(Kind::ProviderKey, name.clone()), in_force),
    )
}

/// The row of the table, with the format and the header that a `Custom` endpoint asks for.
fn vendor(spec: &ProviderKeySpec, problems: &mut Problems) -> Option<Vendor> {
    let Some(row) = Vendor::named(spec.provider.as_str()).copied() else {
        problems.invalid(
            &FieldPath::spec().key("provider"),
            format!("{} is unknown", spec.provider.as_str()),
        );
        return None;
    };
    let field = FieldPath::spec().key("format");
    let format = match (spec.provider, spec.format) {
        (ProviderName::Custom, Some(Format::OpenAIChat)) => WireFormat::OpenAIChat,
        (ProviderName::Custom, Some(Format::OpenAIResponses)) => WireFormat::OpenAIResponses,
        (ProviderName::Custom, Some(Format::AnthropicMessages)) => WireFormat::AnthropicMessages,
        (ProviderName::Custom, Some(Format::GeminiGenerate)) => WireFormat::GeminiGenerate,
        (ProviderName::Custom, None) => {
            problems.invalid(
                &field,
                "is missing: say what the Custom endpoint speaks: OpenAIChat, OpenAIResponses, \
                 AnthropicMessages or GeminiGenerate",
            );
            return None;
        }
        (provider, Some(_)) => {
            let message = format!(
                "is for provider: Custom only; remove it, {} has its own",
                provider.as_str()
            );
            problems.invalid(&field, message);
            return None;
        }
        (_, None) => return Some(row),
    };
    Some(row.speaking(format))
}

/// The certificates to trust; `Err` if they were asked for and cannot be had.
fn ca_pem(
    name: &ObjectName,
    spec: &ProviderKeySpec,
    url: Option<&str>,
    objects: &Objects,
    problems: &mut Problems,
) -> Result<Option<Arc<str>>, Unavailable> {
    let Some(ca) = &spec.ca else { return Ok(None) };
    let field = FieldPath::spec().key("ca");
    let pem = credential::ca_pem(name, ca, &field, objects, problems)?;
    let scheme = url.and_then(|url| url.get(..7));
    if scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://")) {
        problems.warn(
            Reason::Accepted,
            &field,
            "has no effect: the endpoint is plain http",
        );
    }
    Ok(Some(pem))
}

fn prices(spec: &ProviderKeySpec, problems: &mut Problems) -> Overlay {
    let field = FieldPath::spec().key("prices");
    let prices = spec.prices.iter().enumerate();
    let prices = prices
        .filter_map(|(index, entry)| price(entry, &field.index(index), problems))
        .collect();
    let field = FieldPath::spec().key("priceMultiplier");
    let multiplier = spec.price_multiplier.as_ref().and_then(|text| {
        let parsed = text.as_str().parse::<Ratio>();
        problems.valid(&field, parsed.map_err(|error| format!("`{text}` is {error}")))
    });
    Overlay {
        prices,
        multiplier: multiplier.unwrap_or(Ratio::ONE),
    }
}

fn price(entry: &Price, field: &FieldPath, problems: &mut Problems) -> Option<OverlayPrice> {
    let mut amount = |name: &'static str, text: &Decimal| {
        let parsed = text.as_str().parse();
        problems.valid(
            &field.key(name),
            parsed.map_err(|error| format!("`{text}` is {error}")),
        )
    };
    let input = amount("inputPerMillion", &entry.input_per_million);
    let output = amount("outputPerMillion", &entry.output_per_million);
    let read = entry
        .cache_read_per_million
        .as_ref()
        .map(|text| amount("cacheReadPerMillion", text));
    let write = entry
        .cache_write_per_million
        .as_ref()
        .map(|text| amount("cacheWritePerMillion", text));
    if entry.model.trim().is_empty() {
        problems.invalid(
            &field.key("model"),
            "is empty: write a model name, or `*` for all",
        );
    }
    Some(OverlayPrice {
        model: ModelGlob::from(entry.model.as_str()),
        input_per_million: input?,
        output_per_million: output?,
        cache_read_per_million: read.flatten(),
        cache_write_per_million: write.flatten(),
    })
}
