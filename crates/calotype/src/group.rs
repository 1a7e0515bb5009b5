//! Which files were shot as one burst.

use calotype_dng::DngInfo;

/// Longest pause between the end of one exposure and the start of the next inside a burst, in seconds.
///
/// Phones fire a burst at several frames a second; brackets with long exposures store a frame in about a second.
pub const MAX_GAP_S: f64 = 2.0;

/// What grouping needs to know of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileFacts {
    /// The folder it lies in.
    pub folder: String,
    /// Its name without folder.
    pub name: String,
    /// Camera, size and kind, or `None` where the file could not be read.
    pub camera: Option<CameraFacts>,
}

/// What a readable file says.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraFacts {
    /// Maker, model, pixels and colour filters as one text: frames of one burst agree in it.
    pub identity: String,
    /// Seconds since year 0 at the start of the exposure, by the camera's clock; `None` where it has none.
    pub start_s: Option<f64>,
    /// Exposure time in seconds, 0 where unknown.
    pub exposure_s: f64,
}

impl CameraFacts {
    /// The facts of a file.
    pub fn new(info: &DngInfo) -> Self {
        let exif = &info.exif;
        Self {
            identity: format!(
                "{} {} {} {}x{} {:?}",
                info.make, info.model, exif.serial, info.active_area.width, info.active_area.height, info.kind
            ),
            start_s: seconds(&exif.date_time_original, &exif.sub_sec_original),
            exposure_s: exif.exposure_time_s.filter(|t| t.is_finite() && *t > 0.0).unwrap_or(0.0),
        }
    }
}

/// Groups files into bursts: each a list of indices into `files`, in the order of their names; the bursts in the
/// order of their first files.
///
/// Files belong together when they lie in one folder, are named alike (`IMG_0001`, `IMG_0002`), agree in camera, size
/// and colour filters, and follow each other within [`MAX_GAP_S`]. Where the camera has no clock, neighbours in the
/// numbering belong together. A file that cannot be read joins the burst whose numbers surround it, so that the burst
/// can tell that a frame is missing; elsewhere it stays alone.
pub fn group(files: &[FileFacts]) -> Vec<Vec<usize>> {
    let key = |i: usize| (&files[i].folder, shape(&files[i].name));
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by(|&a, &b| key(a).cmp(&key(b)).then_with(|| by_number(&files[a].name, &files[b].name)));
    let mut bursts: Vec<Vec<usize>> = Vec::new();
    for run in order.chunk_by(|&a, &b| key(a) == key(b)) {
        let readable: Vec<usize> = run.iter().copied().filter(|&i| files[i].camera.is_some()).collect();
        let mut found = Vec::new();
        split(files, &readable, &mut found);
        for &i in run.iter().filter(|&&i| files[i].camera.is_none()) {
            match surrounding(files, &found, i) {
                Some(burst) => burst_insert(files, &mut found[burst], i),
                None => found.push(vec![i]),
            }
        }
        bursts.append(&mut found);
    }
    let place = |burst: &Vec<usize>| (&files[burst[0]].folder, &files[burst[0]].name);
    bursts.sort_by(|a, b| place(a).0.cmp(place(b).0).then_with(|| by_number(place(a).1, place(b).1)));
    bursts
}

/// Splits readable files of one run of names by camera, then by time (or by number, without a clock).
fn split(files: &[FileFacts], run: &[usize], found: &mut Vec<Vec<usize>>) {
    let facts = |i: usize| files[i].camera.as_ref();
    let mut cameras: Vec<(&str, Vec<usize>)> = Vec::new();
    for &i in run {
        let identity = facts(i).map_or("", |c| c.identity.as_str());
        match cameras.iter_mut().find(|(known, _)| *known == identity) {
            Some((_, members)) => members.push(i),
            None => cameras.push((identity, vec![i])),
        }
    }
    for (_, mut members) in cameras {
        let clocked = members.iter().all(|&i| facts(i).is_some_and(|c| c.start_s.is_some()));
        if clocked {
            let start = |i: usize| facts(i).and_then(|c| c.start_s).unwrap_or(0.0);
            // A stable sort keeps the order of names where the clock counts whole seconds.
            members.sort_by(|&a, &b| start(a).total_cmp(&start(b)));
            let end = |i: usize| start(i) + facts(i).map_or(0.0, |c| c.exposure_s);
            for chunk in members.chunk_by(|&a, &b| start(b) - end(a) <= MAX_GAP_S) {
                let mut burst = chunk.to_vec();
                burst.sort_by(|&a, &b| by_number(&files[a].name, &files[b].name));
                found.push(burst);
            }
        } else {
            let number = |i: usize| numbers(&files[i].name).last().copied();
            for chunk in members.chunk_by(|&a, &b| match (number(a), number(b)) {
                (Some(a), Some(b)) => b == a + 1,
                _ => false,
            }) {
                found.push(chunk.to_vec());
            }
        }
    }
}

/// The burst of at least two files whose numbers surround, or directly continue to, the file `i`.
fn surrounding(files: &[FileFacts], found: &[Vec<usize>], i: usize) -> Option<usize> {
    let number = |i: usize| numbers(&files[i].name).last().copied();
    let at = number(i)?;
    found.iter().position(|burst| {
        let all: Vec<u128> = burst.iter().filter_map(|&j| number(j)).collect();
        let (Some(first), Some(last)) = (all.iter().min(), all.iter().max()) else { return false };
        burst.len() >= 2 && at + 1 >= *first && at <= last + 1
    })
}

/// Puts a file into a burst at its place in the order of names.
fn burst_insert(files: &[FileFacts], burst: &mut Vec<usize>, i: usize) {
    let at = burst.partition_point(|&j| by_number(&files[j].name, &files[i].name).is_lt());
    burst.insert(at, i);
}

/// A name with every run of digits as `#`, and without the words phones use to mark one frame of a burst.
fn shape(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut shape = String::new();
    for c in stem.to_ascii_lowercase().chars() {
        match c {
            '0'..='9' if shape.ends_with('#') => {}
            '0'..='9' => shape.push('#'),
            c => shape.push(c),
        }
    }
    for word in ["cover", "original"] {
        shape = shape.replace(word, "");
    }
    shape.trim_end_matches(['.', '_', '-', '~', ' ']).to_string()
}

/// Every run of digits in a name; very long ones saturate.
fn numbers(name: &str) -> Vec<u128> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.split(|c: char| !c.is_ascii_digit())
        .filter(|run| !run.is_empty())
        .map(|run| run.parse().unwrap_or(u128::MAX / 2))
        .collect()
}

/// The order people expect: numbers by value, then by text.
fn by_number(a: &str, b: &str) -> std::cmp::Ordering {
    numbers(a).cmp(&numbers(b)).then_with(|| a.cmp(b))
}

/// Seconds since year 0 of "YYYY:MM:DD HH:MM:SS" and a fraction in decimal digits; `None` where that is no time.
fn seconds(date_time: &str, fraction: &str) -> Option<f64> {
    let parts: Vec<i64> =
        date_time.split([':', ' ', '-', 'T']).map(|p| p.trim().parse().ok()).collect::<Option<Vec<_>>>()?;
    let &[year, month, day, hour, minute, second] = parts.as_slice() else { return None };
    let clock = (0..=24).contains(&hour) && (0..=60).contains(&minute) && (0..=60).contains(&second);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1..=9999).contains(&year) || !clock {
        return None;
    }
    // Days since 1 March of year 0, with the months counted from March so that the leap day comes last.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day;
    let digits: String = fraction.trim().chars().take_while(char::is_ascii_digit).collect();
    let part: f64 = if digits.is_empty() { 0.0 } else { format!("0.{digits}").parse().ok()? };
    Some((days * 86400 + hour * 3600 + minute * 60 + second) as f64 + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, start_s: Option<f64>) -> FileFacts {
        let camera = CameraFacts { identity: "a".into(), start_s, exposure_s: 0.1 };
        FileFacts { folder: "f".into(), name: name.into(), camera: Some(camera) }
    }

    fn names(files: &[FileFacts]) -> Vec<Vec<&str>> {
        group(files).into_iter().map(|b| b.into_iter().map(|i| files[i].name.as_str()).collect()).collect()
    }

    #[test]
    fn time_splits_bursts_and_single_shots() {
        let files = [
            file("IMG_10.dng", Some(200.3)),
            file("IMG_2.dng", Some(100.4)),
            file("IMG_1.dng", Some(100.0)),
            file("IMG_3.dng", Some(102.4)),
            file("IMG_9.dng", Some(200.0)),
            file("IMG_11.dng", Some(300.0)),
        ];
        let expected =
            vec![vec!["IMG_1.dng", "IMG_2.dng", "IMG_3.dng"], vec!["IMG_9.dng", "IMG_10.dng"], vec!["IMG_11.dng"]];
        assert_eq!(names(&files), expected);
    }

    #[test]
    fn a_long_exposure_does_not_end_the_burst() {
        let mut files = [file("a1.dng", Some(10.0)), file("a2.dng", Some(14.0))];
        assert_eq!(group(&files).len(), 2);
        files[0].camera.as_mut().unwrap().exposure_s = 3.0;
        assert_eq!(group(&files).len(), 1);
    }

    #[test]
    fn names_cameras_and_folders_keep_bursts_apart() {
        let mut files =
            vec![file("chart_1.dng", Some(1.0)), file("leaves_1.dng", Some(1.0)), file("chart_2.dng", Some(1.0))];
        assert_eq!(names(&files), [vec!["chart_1.dng", "chart_2.dng"], vec!["leaves_1.dng"]]);
        files[2].camera.as_mut().unwrap().identity = "b".into();
        assert_eq!(group(&files).len(), 3);
        files[2] = FileFacts { folder: "g".into(), ..file("chart_2.dng", Some(1.0)) };
        assert_eq!(group(&files).len(), 3);
        let phone = [file("PXL_1_2.RAW-01.COVER.dng", Some(1.0)), file("PXL_1_2.RAW-02.ORIGINAL.dng", Some(1.1))];
        assert_eq!(group(&phone).len(), 1);
    }

    #[test]
    fn without_a_clock_the_numbering_decides() {
        let files = [file("a_1.dng", None), file("a_2.dng", None), file("a_5.dng", None), file("b.dng", None)];
        // A name without a number comes first.
        assert_eq!(names(&files), [vec!["b.dng"], vec!["a_1.dng", "a_2.dng"], vec!["a_5.dng"]]);
    }

    #[test]
    fn an_unreadable_file_joins_the_burst_around_it() {
        let broken = |name: &str| FileFacts { camera: None, ..file(name, None) };
        let files = [file("a_1.dng", Some(1.0)), broken("a_2.dng"), file("a_3.dng", Some(1.5)), broken("a_9.dng")];
        assert_eq!(names(&files), [vec!["a_1.dng", "a_2.dng", "a_3.dng"], vec!["a_9.dng"]]);
        let lonely = [file("a_1.dng", Some(1.0)), broken("a_2.dng")];
        assert_eq!(group(&lonely).len(), 2);
        assert!(group(&[]).is_empty());
    }

    #[test]
    fn clocks_count_across_midnight_and_leap_days() {
        let gap = |a: (&str, &str), b: (&str, &str)| seconds(b.0, b.1).unwrap() - seconds(a.0, a.1).unwrap();
        assert!((gap(("2024:02:28 23:59:59", "5"), ("2024:02:29 00:00:00", "25")) - 0.75).abs() < 1e-5);
        assert_eq!(gap(("2023:12:31 23:59:59", ""), ("2024:01:01 00:00:01", "")), 2.0);
        assert_eq!(gap(("2024:02:29 00:00:00", ""), ("2024:03:01 00:00:00", "")), 86400.0);
        assert_eq!(seconds("0000:00:00 00:00:00", ""), None);
        assert_eq!(seconds("yesterday", ""), None);
    }
}
