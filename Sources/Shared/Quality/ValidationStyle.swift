internal import Base

/// How a validation's page looks: on paper and screens of any width, light and dark.
enum ValidationStyle {
  static let css = """
    :root{--text:#1d2126;--dim:#5c6570;--line:#dfe3e8;--back:#fff;--soft:#f6f7f9;--pass:#1a7035;--fail:#b3261e;--warn:#8a5a00}
    @media(prefers-color-scheme:dark){:root{--text:#e2e5e9;--dim:#9aa4af;--line:#343a42;--back:#15181c;--soft:#1d2126;
    --pass:#6fd08c;--fail:#ff8a80;--warn:#f3c35b}}
    *{box-sizing:border-box}
    body{margin:0;font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;color:var(--text);
    background:var(--back);overflow-wrap:anywhere}
    main{max-width:68rem;margin:0 auto;padding:2rem 1.25rem 4rem}
    h1{font-size:1.75rem;line-height:1.2;margin:0}h1 span{color:var(--dim);font-weight:400;white-space:nowrap}
    h2{font-size:1.1rem;margin:2.25rem 0 .75rem}h3{font-size:1rem;margin:0}
    p{margin:.25rem 0}
    code,h3,.examples,.passes td:first-child{font-family:ui-monospace,"SF Mono",Menlo,"DejaVu Sans Mono",monospace;font-size:.87rem}
    h3{font-weight:600}h3 em{font-style:normal;text-transform:uppercase;font-size:.75rem;letter-spacing:.04em}
    .verdict{font-size:1.15rem;font-weight:600;margin:.4rem 0 1rem}.verdict::first-letter{text-transform:uppercase}
    .pass{--tone:var(--pass)}.fail{--tone:var(--fail)}.warn{--tone:var(--warn)}.note,.none{--tone:var(--dim)}
    .verdict,.counts b,h3 em{color:var(--tone)}
    .counts{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;list-style:none;margin:0 0 1rem;padding:0}
    .counts b{font-size:1.3rem;font-variant-numeric:tabular-nums}.counts .none{color:var(--dim)}.none b{font-weight:400}
    .facts{display:flex;flex-wrap:wrap;gap:.5rem 2.5rem;margin:0;padding:.75rem 0;border:solid var(--line);border-width:1px 0}
    dt{color:var(--dim);font-size:.8rem}dd{margin:0;font-variant-numeric:tabular-nums}
    article{border:1px solid var(--line);border-left:4px solid var(--tone);border-radius:4px;padding:.8rem 1rem;margin:0 0 .8rem}
    .about{color:var(--dim);font-size:.87rem}.about code{color:var(--text)}
    .advice{margin-top:.5rem;padding:.5rem .75rem;background:var(--soft);border-radius:4px}
    .wide{overflow-x:auto;margin-top:.7rem}
    table{border-collapse:collapse}th,td{text-align:left;vertical-align:top;padding:.35rem .9rem .35rem 0}
    th{font-weight:600;border-bottom:1px solid var(--line)}td{border-bottom:1px solid var(--line)}
    tbody tr:last-child td{border-bottom:0}
    .examples th,.examples td{white-space:nowrap}.examples td{font-variant-numeric:tabular-nums}
    .examples .long{white-space:normal;min-width:16rem;overflow-wrap:anywhere}.long i{color:var(--dim)}
    .examples .number{text-align:right}.null{color:var(--dim);font-style:italic}
    caption{text-align:left;color:var(--dim);font-family:system-ui,sans-serif;padding-bottom:.2rem}
    .passes{width:100%;font-size:.9rem}.passes td:nth-child(1){width:32%}.passes td:nth-child(2){width:18%}
    pre{white-space:pre-wrap;margin:.5rem 0 0}
    @media(max-width:42rem){main{padding:1.25rem .9rem 3rem}.passes thead{display:none}.examples .long{min-width:11rem}
    .passes tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--line)}
    .passes td,.passes td:nth-child(n){display:block;width:auto;border:0;padding:0}.passes td:empty{display:none}}
    @media print{main{max-width:none;padding:0}article{break-inside:avoid}}
    """
}
