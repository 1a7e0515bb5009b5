//! What a lens is asked for: the operands of a merit function.

/// A quantity that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Effective focal length.
    Efl,
    /// Back focal length.
    Bfl,
    /// F-number for an object at infinity.
    Fno,
    /// Entrance pupil's diameter.
    Epd,
    /// Entrance pupil from the first vertex.
    Enp,
    /// Exit pupil from the image plane.
    Exp,
    /// Total track.
    Ttl,
    /// Last vertex to image plane.
    Imd,
    /// Image plane behind the paraxial image.
    Defocus,
    /// Lateral magnification.
    Mag,
    /// Paraxial image height of the largest field.
    Pih,
    /// Petzval sum.
    Petzval,
    /// Seidel sums 1 to 5, by their index from 0.
    Seidel(u8),
    /// Axial colour.
    Axcl,
    /// Lateral colour, first order.
    Lacl,
    /// Centre thickness.
    Ct,
    /// Edge thickness.
    Et,
    /// Curvature.
    Cv,
    /// Radius the light needs.
    Semi,
    /// Steepest slope.
    Slope,
    /// Least second derivative, signed by the vertex's.
    Inflection,
    /// Greatest departure from the conic's vertex sphere.
    Departure,
    /// Where a model glass lies beyond the map of real ones.
    Glass,
    /// Place of a ray on a surface or the image, across.
    Reax,
    /// The same upwards.
    Reay,
    /// Distance of a ray from the chief ray in the image, across.
    Trax,
    /// The same upwards.
    Tray,
    /// Path difference of a ray.
    Opdx,
    /// Every ray's distance from the spot's middle.
    Spot,
    /// Every ray's path difference.
    Opd,
    /// RMS radius of the spot.
    Rms,
    /// RMS wavefront error.
    Wfe,
    /// Chief ray's angle to the image plane's normal.
    Cra,
    /// Chief ray's height in the image.
    Height,
    /// Distortion.
    Distortion,
    /// Lateral colour of real chief rays.
    Lateral,
    /// Focus of rays beside the chief ray, tangential.
    Tfc,
    /// The same, sagittal.
    Sfc,
    /// Relative illumination.
    Ri,
    /// Diffraction MTF, tangential.
    Mtft,
    /// The same, sagittal.
    Mtfs,
    /// Mean of both.
    Mtfa,
}

/// What a quantity needs to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Lens,
    /// A surface.
    Surface,
    /// A field.
    Field,
    /// A field and a place in the pupil.
    Ray,
}

/// How a deviation of a quantity compares with others: its unit of the merit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unit {
    /// Millimetres along or across: a part of the track.
    Length,
    /// So much of its own unit counts as one.
    Own(f64),
}

/// One line of the table of operands.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// The name.
    pub name: &'static str,
    /// Names of other programs.
    pub others: &'static [&'static str],
    /// The quantity.
    pub quantity: Quantity,
    /// Unit of its value.
    pub unit: &'static str,
    /// What it is.
    pub is: &'static str,
    /// What it must be told.
    pub needs: Needs,
    pub(super) scale: Unit,
}

const fn word(
    name: &'static str,
    others: &'static [&'static str],
    quantity: Quantity,
    unit: &'static str,
    scale: Unit,
    needs: Needs,
    is: &'static str,
) -> Word {
    Word { name, others, quantity, unit, is, needs, scale }
}

use Needs::{Field, Lens, Ray, Surface};
use Unit::{Length, Own};

/// Every operand.
pub const OPERANDS: [Word; 46] = [
    word(
        "EFL",
        &["EFFL"],
        Quantity::Efl,
        "mm",
        Length,
        Lens,
        "effective focal length; as a target it acts on the power, so that plane plates may start",
    ),
    word("BFL", &[], Quantity::Bfl, "mm", Length, Lens, "last vertex to the focus of light from infinity"),
    word(
        "FNO",
        &["WFNO", "ISFN"],
        Quantity::Fno,
        "",
        Own(0.01),
        Lens,
        "focal length over the entrance pupil's diameter",
    ),
    word("EPD", &["EPDI"], Quantity::Epd, "mm", Length, Lens, "diameter of the entrance pupil"),
    word("ENP", &["ENPP"], Quantity::Enp, "mm", Length, Lens, "entrance pupil from the first vertex"),
    word("EXP", &["EXPP"], Quantity::Exp, "mm", Length, Lens, "exit pupil from the image plane"),
    word("TTL", &["TOTR", "OAL"], Quantity::Ttl, "mm", Length, Lens, "total track: foremost vertex to the image plane"),
    word("IMD", &["BACK"], Quantity::Imd, "mm", Length, Lens, "last vertex to the image plane"),
    word("DEFOCUS", &[], Quantity::Defocus, "mm", Own(0.01), Lens, "image plane behind the paraxial image"),
    word("MAG", &["PMAG", "RED"], Quantity::Mag, "", Own(1e-4), Lens, "lateral magnification"),
    word("PIH", &["PIMH"], Quantity::Pih, "mm", Length, Lens, "paraxial image height of the largest field"),
    word("PETZVAL", &["PETZ", "PTZ"], Quantity::Petzval, "1/mm", Own(1e-4), Lens, "Petzval sum c (n' - n) / (n n')"),
    word("SPHA", &["SA", "S1"], Quantity::Seidel(0), "mm", Own(1e-4), Lens, "Seidel sum S1, spherical aberration"),
    word("COMA", &["S2"], Quantity::Seidel(1), "mm", Own(1e-4), Lens, "Seidel sum S2, coma"),
    word("ASTI", &["S3"], Quantity::Seidel(2), "mm", Own(1e-4), Lens, "Seidel sum S3, astigmatism"),
    word("FCUR", &["S4"], Quantity::Seidel(3), "mm", Own(1e-4), Lens, "Seidel sum S4, Petzval curvature"),
    word("DIST", &["S5"], Quantity::Seidel(4), "mm", Own(1e-4), Lens, "Seidel sum S5, distortion"),
    word(
        "AXCL",
        &["AXC", "CL"],
        Quantity::Axcl,
        "mm",
        Own(1e-4),
        Lens,
        "first-order axial colour between the outer wavelengths",
    ),
    word("LACL", &["LAC"], Quantity::Lacl, "mm", Own(1e-4), Lens, "first-order lateral colour between them"),
    word(
        "CT",
        &["CTGT", "CTLT", "MNCT"],
        Quantity::Ct,
        "mm",
        Length,
        Surface,
        "thickness behind the surface on the axis",
    ),
    word(
        "ET",
        &["ETGT", "ETLT", "MNET"],
        Quantity::Et,
        "mm",
        Length,
        Surface,
        "thickness behind the surface at the rim (`radius_mm`; else the clear radius; else as far as light goes)",
    ),
    word("CV", &["CVVA"], Quantity::Cv, "1/mm", Own(1e-4), Surface, "curvature"),
    word(
        "SEMI",
        &["DIMX", "SD"],
        Quantity::Semi,
        "mm",
        Length,
        Surface,
        "radius that the rim rays of the axis and of the largest field need",
    ),
    word("SLOPE", &[], Quantity::Slope, "deg", Own(0.2), Surface, "steepest slope of the surface within its rim"),
    word(
        "INFLECTION",
        &[],
        Quantity::Inflection,
        "1/mm",
        Own(1e-4),
        Surface,
        "least second derivative of the sag within its rim, with the sign of the vertex's curvature: `min = 0` forbids inflections",
    ),
    word(
        "DEPARTURE",
        &[],
        Quantity::Departure,
        "mm",
        Own(1e-3),
        Surface,
        "greatest departure from the sphere of the vertex's curvature within its rim",
    ),
    word(
        "GLASS",
        &["RGLA"],
        Quantity::Glass,
        "",
        Own(1e-3),
        Surface,
        "how far, in index, a model glass lies outside the map of real ones; 0 inside",
    ),
    word("REAX", &[], Quantity::Reax, "mm", Own(1e-3), Ray, "x of a ray on `surface`, or in the image"),
    word("REAY", &[], Quantity::Reay, "mm", Own(1e-3), Ray, "y of a ray on `surface`, or in the image"),
    word(
        "TRAX",
        &["TRX"],
        Quantity::Trax,
        "um",
        Own(1.0),
        Ray,
        "x of a ray from the chief ray of the primary wavelength, in the image",
    ),
    word("TRAY", &["TRY"], Quantity::Tray, "um", Own(1.0), Ray, "y of a ray from it"),
    word(
        "OPDX",
        &["OPDC"],
        Quantity::Opdx,
        "waves",
        Own(0.1),
        Ray,
        "path difference of a ray: chief ray's less its own, on the reference sphere",
    ),
    word(
        "SPOT",
        &["RSCE", "SPO"],
        Quantity::Spot,
        "um",
        Own(1.0),
        Field,
        "every ray of the field from the spot's middle, all wavelengths: alone, the merit is the RMS spot radius",
    ),
    word(
        "OPD",
        &["RWCE"],
        Quantity::Opd,
        "waves",
        Own(0.1),
        Field,
        "every ray's path difference, piston and common tilt taken away: alone, the merit is ten times the RMS wavefront error",
    ),
    word(
        "RMS",
        &["RMSSPOT", "SPOTRMS"],
        Quantity::Rms,
        "um",
        Own(1.0),
        Field,
        "RMS radius of the spot as one number, for limits",
    ),
    word("WFE", &["RMSWFE"], Quantity::Wfe, "waves", Own(0.1), Field, "RMS wavefront error as one number, for limits"),
    word("CRA", &["RAID"], Quantity::Cra, "deg", Own(0.2), Field, "angle of the chief ray to the image plane's normal"),
    word("HEIGHT", &["CHRH"], Quantity::Height, "mm", Own(1e-3), Field, "height of the chief ray in the image"),
    word(
        "DISTORTION",
        &["DIMX%", "DISP"],
        Quantity::Distortion,
        "%",
        Own(0.1),
        Field,
        "chief ray's height over f tan(field), less one",
    ),
    word(
        "LATERAL",
        &["LATC"],
        Quantity::Lateral,
        "um",
        Own(1.0),
        Field,
        "height of the chief ray at the shortest less that at the longest wavelength",
    ),
    word(
        "TFC",
        &["FCGT"],
        Quantity::Tfc,
        "mm",
        Own(0.01),
        Field,
        "image plane to the focus of rays beside the chief ray, above and below it",
    ),
    word("SFC", &["FCGS"], Quantity::Sfc, "mm", Own(0.01), Field, "the same to its left and right"),
    word(
        "RI",
        &["RELI"],
        Quantity::Ri,
        "",
        Own(0.01),
        Field,
        "relative illumination of the bundle that fills the stop (with the field's vignetting factors)",
    ),
    word(
        "MTFT",
        &["TMTF"],
        Quantity::Mtft,
        "",
        Own(0.02),
        Field,
        "diffraction MTF at `frequency`, tangential, all wavelengths",
    ),
    word("MTFS", &["SMTF"], Quantity::Mtfs, "", Own(0.02), Field, "the same, sagittal"),
    word("MTFA", &["MTF"], Quantity::Mtfa, "", Own(0.02), Field, "mean of both"),
];

/// The operand of a name in any case, its own or another program's.
pub fn operand(name: &str) -> Option<&'static Word> {
    let is = |other: &&str| other.eq_ignore_ascii_case(name);
    OPERANDS.iter().find(|w| is(&w.name) || w.others.iter().any(is))
}
