//! OpenEXR: the first flat layer, channels R, G, B or Y.

use super::encoding::to_picture;
use super::{Encoding, Input, planes_of};
use crate::{Picture, Result};
use calotype_color::matrix::multiply;
use calotype_color::{Primaries, RgbSpace, bradford};
use calotype_image::Plane;
use exr::meta::MetaData;
use exr::prelude::{ReadChannels, ReadLayers, read as open};
use std::io::Cursor;

pub(super) fn read(file: &Input<'_>) -> Result<Picture> {
    let meta = MetaData::read_from_buffered(Cursor::new(file.bytes), false).map_err(|e| file.wrong(e))?;
    for header in &meta.headers {
        file.check_size(header.layer_size.x(), header.layer_size.y())?;
    }
    let image = open()
        .no_deep_data()
        .largest_resolution_level()
        .all_channels()
        .first_valid_layer()
        .all_attributes()
        .non_parallel()
        .from_buffered(Cursor::new(file.bytes))
        .map_err(|e| file.wrong(e))?;
    let (layer, size) = (&image.layer_data, image.layer_data.size);
    let channel = |name: &str| {
        let found = layer.channel_data.list.iter().find(|c| c.name.eq(name) && c.sampling.area() == 1)?;
        Plane::from_vec(size.x(), size.y(), found.sample_data.values_as_f32().collect())
    };
    let planes = match (channel("R"), channel("G"), channel("B"), channel("Y")) {
        (Some(r), Some(g), Some(b), _) => [r, g, b],
        (.., Some(y)) => [y.clone(), y.clone(), y],
        _ => return Err(file.wrong("neither the channels R, G, B nor Y are in the first layer")),
    };
    if let Some(encoding) = file.encoding {
        return planes_of(file, planes, encoding, "float");
    }
    let Some(c) = image.attributes.chromaticities else {
        return planes_of(file, planes, Encoding::LINEAR, "float");
    };
    let xy = |v: exr::math::Vec2<f32>| [f64::from(v.x()), f64::from(v.y())];
    let primaries = Primaries { rgb: [xy(c.red), xy(c.green), xy(c.blue)], white: xy(c.white) };
    let to_xyz = primaries.to_xyz().ok_or_else(|| file.wrong("the chromaticities lie on a line"))?;
    let white = RgbSpace::Rec709.primaries().white;
    // To the single precision of the file, Rec.709 is Rec.709: no rounding by a matrix that is nearly the identity.
    let near = |p: Primaries| {
        let own = p.rgb.iter().chain([&p.white]).flatten();
        own.zip(primaries.rgb.iter().chain([&primaries.white]).flatten()).all(|(a, b)| (a - b).abs() < 1e-5)
    };
    if near(RgbSpace::Rec709.primaries()) {
        return planes_of(file, planes, Encoding::LINEAR, "float");
    }
    let m = multiply(&RgbSpace::Rec709.from_xyz(), &multiply(&bradford(primaries.white, white), &to_xyz));
    to_picture(file.name(), "linear, by its chromaticities, float".into(), planes, [&|v| v; 3], Some(m))
}
