use calotype_twin::*;
fn main(){ let a:Vec<String>=std::env::args().collect(); let camera=Camera::load(&a[2]).unwrap();
 let size=a.get(5).map(|s|{let (w,h)=s.split_once('x').unwrap();(w.parse().unwrap(),h.parse().unwrap())});
 let r=Request{frames:a[4].parse().unwrap(),size,..Request::new(&a[1])};
 let t=std::time::Instant::now();
 let plan=match r.plan(camera){Ok(p)=>p,Err(e)=>{println!("{e}");return}}; let shot=plan.shoot(&|_|true).unwrap(); println!("shot {:?} {:?}",t.elapsed(),shot.times[0]);
 write_requested(&plan,&shot,Some(&r),a[3].as_ref(),true).unwrap(); println!("written {:?}",t.elapsed()); }
