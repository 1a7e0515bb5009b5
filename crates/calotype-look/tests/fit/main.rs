//! Grades that were not made of a look's numbers, learnt from a chart: the figures of the reference hold. All sets of
//! colours: `cargo run --release -p calotype-look --example fit_protocol`.
#![allow(missing_docs)]

mod colours;
mod graders;
mod protocol;

#[test]
fn a_chart_at_three_exposures_tells_a_grade() {
    let (_, scenes) = &protocol::sets()[1];
    // every third: editors' grades, film and cameras
    let graders: Vec<_> = graders::graders().into_iter().step_by(3).collect();
    let (mut look, mut table) = (0.0, 0.0);
    for grader in &graders {
        let f = protocol::learn(grader, scenes);
        assert!(f.neutral > 1.5, "{}: nothing to learn", grader.name);
        assert!(f.look < f.neutral && f.look <= f.table + 0.02, "{}: {} against {}", grader.name, f.look, f.table);
        assert!(f.learnt >= 40 && f.look <= f.numbers + 0.15, "{}: {} colours, {}", grader.name, f.learnt, f.numbers);
        assert!((f.held_out.mean - f.look).abs() < 1.0, "{}: it takes itself for {:?}", grader.name, f.held_out);
        look += f.look / graders.len() as f64;
        table += f.table / graders.len() as f64;
    }
    assert!(look <= 1.4 && look < 0.95 * table, "{look} against a table's {table}");
}
