//! The page that blind pairs are voted in.

/// A page for pairs 1 to `count`, whose pictures lie beside it as `001-left.png` and so on. It needs no server, knows no
/// names, keeps votes in the browser until they are saved, and takes arrow keys.
pub fn html(count: usize) -> String {
    const PAGE: &str = r##"<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Which one?</title><style>
body{margin:0;background:#777;color:#111;font:16px system-ui,sans-serif;text-align:center}
main{display:flex;gap:1vw;padding:1vw;justify-content:center}
figure{margin:0;flex:1;cursor:pointer}img{width:100%;display:block;outline:4px solid transparent}
.chosen img{outline-color:#fff}button{font:inherit;padding:.5em 1.2em;margin:.3em}
textarea{width:20em;height:8em;display:block;margin:1em auto}
</style></head><body><p id="at"></p>
<main><figure id="left"><img alt="left"></figure><figure id="right"><img alt="right"></figure></main>
<p><button data-c="left">left &#8592;</button><button data-c="tie">no difference &#8595;</button><button
 data-c="right">right &#8594;</button></p>
<p><button id="back">back</button><button id="on">skip</button><button id="save">save the ballot</button></p>
<textarea id="csv" readonly aria-label="ballot"></textarea><p>Save it beside this page as ballot.csv; several voters:
ballot-NAME.csv each.</p><script>
const N=@COUNT@,votes={};let i=1;
const el=id=>document.getElementById(id);
const name=(n,s)=>String(n).padStart(3,'0')+'-'+s+'.png';
const csv=()=>'pair,choice\n'+Array.from({length:N},(_,k)=>(k+1)+','+(votes[k+1]||'')+'\n').join('');
function show(){for(const s of['left','right']){el(s).firstChild.src=name(i,s);
 el(s).className=votes[i]===s?'chosen':''}
 el('at').textContent='pair '+i+' of '+N+', '+Object.keys(votes).length+' votes'+(votes[i]?' (this one: '+votes[i]+')':'');
 el('csv').value=csv()}
function go(d){i=Math.min(N,Math.max(1,i+d));show()}
function vote(c){votes[i]=c;show();setTimeout(()=>go(1),150)}
document.querySelectorAll('[data-c]').forEach(b=>b.onclick=()=>vote(b.dataset.c));
for(const s of['left','right'])el(s).onclick=()=>vote(s);
el('back').onclick=()=>go(-1);el('on').onclick=()=>go(1);
el('save').onclick=()=>{const a=document.createElement('a');
 a.href=URL.createObjectURL(new Blob([csv()],{type:'text/csv'}));a.download='ballot.csv';a.click()};
document.onkeydown=e=>{const c={ArrowLeft:'left',ArrowRight:'right',ArrowDown:'tie'}[e.key];
 if(c){e.preventDefault();vote(c)}};
show()</script></body></html>
"##;
    PAGE.replace("@COUNT@", &count.to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_names_no_look() {
        let page = super::html(12);
        assert!(page.contains("N=12") && !page.contains('@'));
        assert!(calotype::Look::builtin_names().iter().all(|name| !page.contains(name)));
    }
}
