;; The arithmetic of an LSTM that reads many variants of a text side by side, four numbers at a time.
;;
;; Nearly all time goes into one operation, a matrix product. What a variant was turned into stands in the rows of A,
;; a weight matrix is B. `product` keeps a tile of C, 4 rows of 8 columns, in registers, and goes once through 4 rows
;; of A and 8 columns of B to fill it. So that these 8 columns are read from one end of the memory to the other, weight
;; matrices are stored as *panels*: columns 0 to 7 of all rows first, then columns 8 to 15, and so on.
;;
;; kernel.js has the same functions in plain JavaScript, and says what each is for. Pointers are in bytes, sizes in
;; numbers; all numbers are float32.
;;
;; kernel.wasm is made of this file:   python -m lmtutorial.widgets.export --kernel   (needs `pip install wasmtime`)

(module
  (import "page" "memory" (memory 1))

  ;; C (m, n) = A (m, k) B (k, n), or C + A B where `add` is 1. n is a multiple of 8.
  (func (export "product")
    (param $a i32) (param $b i32) (param $c i32) (param $m i32) (param $n i32) (param $k i32) (param $add i32)
    (local $column i32) (local $row i32) (local $left i32)
    (local $a0 i32) (local $a1 i32) (local $a2 i32) (local $a3 i32)   ;; where 4 rows of A are read
    (local $c0 i32) (local $c1 i32) (local $c2 i32) (local $c3 i32)   ;; where 4 rows of C are written
    (local $p i32) (local $bytes i32) (local $last i32)
    (local $b0 v128) (local $b1 v128) (local $x v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)   ;; the tile: left 4 columns
    (local $t0 v128) (local $t1 v128) (local $t2 v128) (local $t3 v128)   ;; and right 4 columns
    (local.set $bytes (i32.shl (local.get $k) (i32.const 2)))
    (local.set $last (i32.sub (local.get $m) (i32.const 1)))
    (loop $columns
      (local.set $row (i32.const 0))
      (loop $rows
        ;; behind the last row of all, the tile repeats it: the same numbers are written to the same place twice
        (local.set $left (i32.sub (local.get $last) (local.get $row)))
        (local.set $a0 (i32.add (local.get $a) (i32.mul (local.get $row) (local.get $bytes))))
        (local.set $a1 (i32.add (local.get $a0)
          (select (local.get $bytes) (i32.const 0) (i32.ge_s (local.get $left) (i32.const 1)))))
        (local.set $a2 (i32.add (local.get $a1)
          (select (local.get $bytes) (i32.const 0) (i32.ge_s (local.get $left) (i32.const 2)))))
        (local.set $a3 (i32.add (local.get $a2)
          (select (local.get $bytes) (i32.const 0) (i32.ge_s (local.get $left) (i32.const 3)))))
        (local.set $c0 (i32.add (local.get $c) (i32.shl
          (i32.add (i32.mul (local.get $row) (local.get $n)) (local.get $column)) (i32.const 2))))
        (local.set $c1 (i32.add (local.get $c0)
          (select (i32.shl (local.get $n) (i32.const 2)) (i32.const 0) (i32.ge_s (local.get $left) (i32.const 1)))))
        (local.set $c2 (i32.add (local.get $c1)
          (select (i32.shl (local.get $n) (i32.const 2)) (i32.const 0) (i32.ge_s (local.get $left) (i32.const 2)))))
        (local.set $c3 (i32.add (local.get $c2)
          (select (i32.shl (local.get $n) (i32.const 2)) (i32.const 0) (i32.ge_s (local.get $left) (i32.const 3)))))
        (if (local.get $add)
          (then
            (local.set $s0 (v128.load (local.get $c0))) (local.set $t0 (v128.load offset=16 (local.get $c0)))
            (local.set $s1 (v128.load (local.get $c1))) (local.set $t1 (v128.load offset=16 (local.get $c1)))
            (local.set $s2 (v128.load (local.get $c2))) (local.set $t2 (v128.load offset=16 (local.get $c2)))
            (local.set $s3 (v128.load (local.get $c3))) (local.set $t3 (v128.load offset=16 (local.get $c3))))
          (else
            (local.set $s0 (v128.const f32x4 0 0 0 0)) (local.set $t0 (v128.const f32x4 0 0 0 0))
            (local.set $s1 (v128.const f32x4 0 0 0 0)) (local.set $t1 (v128.const f32x4 0 0 0 0))
            (local.set $s2 (v128.const f32x4 0 0 0 0)) (local.set $t2 (v128.const f32x4 0 0 0 0))
            (local.set $s3 (v128.const f32x4 0 0 0 0)) (local.set $t3 (v128.const f32x4 0 0 0 0))))
        ;; the panel begins where column * k numbers lie behind the beginning of B
        (local.set $p (i32.add (local.get $b) (i32.mul (local.get $column) (local.get $bytes))))
        (local.set $left (local.get $k))
        (loop $inner
          (local.set $b0 (v128.load (local.get $p)))
          (local.set $b1 (v128.load offset=16 (local.get $p)))
          (local.set $x (v128.load32_splat (local.get $a0)))
          (local.set $s0 (f32x4.add (local.get $s0) (f32x4.mul (local.get $x) (local.get $b0))))
          (local.set $t0 (f32x4.add (local.get $t0) (f32x4.mul (local.get $x) (local.get $b1))))
          (local.set $x (v128.load32_splat (local.get $a1)))
          (local.set $s1 (f32x4.add (local.get $s1) (f32x4.mul (local.get $x) (local.get $b0))))
          (local.set $t1 (f32x4.add (local.get $t1) (f32x4.mul (local.get $x) (local.get $b1))))
          (local.set $x (v128.load32_splat (local.get $a2)))
          (local.set $s2 (f32x4.add (local.get $s2) (f32x4.mul (local.get $x) (local.get $b0))))
          (local.set $t2 (f32x4.add (local.get $t2) (f32x4.mul (local.get $x) (local.get $b1))))
          (local.set $x (v128.load32_splat (local.get $a3)))
          (local.set $s3 (f32x4.add (local.get $s3) (f32x4.mul (local.get $x) (local.get $b0))))
          (local.set $t3 (f32x4.add (local.get $t3) (f32x4.mul (local.get $x) (local.get $b1))))
          (local.set $a0 (i32.add (local.get $a0) (i32.const 4)))
          (local.set $a1 (i32.add (local.get $a1) (i32.const 4)))
          (local.set $a2 (i32.add (local.get $a2) (i32.const 4)))
          (local.set $a3 (i32.add (local.get $a3) (i32.const 4)))
          (local.set $p (i32.add (local.get $p) (i32.const 32)))
          (br_if $inner (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (v128.store (local.get $c0) (local.get $s0)) (v128.store offset=16 (local.get $c0) (local.get $t0))
        (v128.store (local.get $c1) (local.get $s1)) (v128.store offset=16 (local.get $c1) (local.get $t1))
        (v128.store (local.get $c2) (local.get $s2)) (v128.store offset=16 (local.get $c2) (local.get $t2))
        (v128.store (local.get $c3) (local.get $s3)) (v128.store offset=16 (local.get $c3) (local.get $t3))
        (br_if $rows (i32.lt_s (local.tee $row (i32.add (local.get $row) (i32.const 4))) (local.get $m))))
      (br_if $columns (i32.lt_s (local.tee $column (i32.add (local.get $column) (i32.const 8))) (local.get $n)))))

  ;; 1 / (1 + exp(-x)). With -x = whole * ln 2 + rest and |rest| < 0.35, exp(-x) = 2^whole * exp(rest): the first factor
  ;; is written into the exponent of a float32, the second is its Taylor series up to rest^7 (off by less than 1e-8).
  (func $sigmoid (param $x v128) (result v128)
    (local $whole v128) (local $rest v128) (local $power v128)
    (local.set $x (f32x4.neg (f32x4.max (v128.const f32x4 -87 -87 -87 -87)
      (f32x4.min (v128.const f32x4 87 87 87 87) (local.get $x)))))
    (local.set $whole (f32x4.nearest (f32x4.mul (local.get $x)
      (v128.const f32x4 1.44269504 1.44269504 1.44269504 1.44269504))))
    ;; ln 2 in two parts, the first of which has few enough digits that its product with `whole` is exact
    (local.set $rest (f32x4.sub (local.get $x) (f32x4.mul (local.get $whole)
      (v128.const f32x4 0.693359375 0.693359375 0.693359375 0.693359375))))
    (local.set $rest (f32x4.add (local.get $rest) (f32x4.mul (local.get $whole)
      (v128.const f32x4 2.12194440e-4 2.12194440e-4 2.12194440e-4 2.12194440e-4))))
    (local.set $power (v128.const f32x4 0.000198412698 0.000198412698 0.000198412698 0.000198412698))   ;; 1 / 7!
    (local.set $power (f32x4.add (f32x4.mul (local.get $power) (local.get $rest))
      (v128.const f32x4 0.00138888889 0.00138888889 0.00138888889 0.00138888889)))                      ;; 1 / 6!
    (local.set $power (f32x4.add (f32x4.mul (local.get $power) (local.get $rest))
      (v128.const f32x4 0.00833333333 0.00833333333 0.00833333333 0.00833333333)))                      ;; 1 / 5!
    (local.set $power (f32x4.add (f32x4.mul (local.get $power) (local.get $rest))
      (v128.const f32x4 0.0416666667 0.0416666667 0.0416666667 0.0416666667)))                          ;; 1 / 4!
    (local.set $power (f32x4.add (f32x4.mul (local.get $power) (local.get $rest))
      (v128.const f32x4 0.166666667 0.166666667 0.166666667 0.166666667)))                              ;; 1 / 3!
    (local.set $power (f32x4.add (f32x4.mul (local.get $power) (local.get $rest)) (v128.const f32x4 0.5 0.5 0.5 0.5)))
    (local.set $power (f32x4.add (f32x4.mul (local.get $power) (local.get $rest)) (v128.const f32x4 1 1 1 1)))
    (local.set $power (f32x4.add (f32x4.mul (local.get $power) (local.get $rest)) (v128.const f32x4 1 1 1 1)))
    (local.set $power (f32x4.mul (local.get $power) (i32x4.shl
      (i32x4.add (i32x4.trunc_sat_f32x4_s (local.get $whole)) (v128.const i32x4 127 127 127 127)) (i32.const 23))))
    (f32x4.div (v128.const f32x4 1 1 1 1) (f32x4.add (v128.const f32x4 1 1 1 1) (local.get $power))))

  ;; tanh(x) = 2 sigmoid(2 x) - 1, off by less than 2e-7
  (func $tanh (param $x v128) (result v128)
    (local.set $x (call $sigmoid (f32x4.add (local.get $x) (local.get $x))))
    (f32x4.sub (f32x4.add (local.get $x) (local.get $x)) (v128.const f32x4 1 1 1 1)))

  ;; From the gates' inputs z (rows, 4 units), in the order i f c o, to the next state. z becomes the gates themselves.
  (func (export "gates")
    (param $z i32) (param $before i32) (param $c i32) (param $tanhc i32) (param $h i32)
    (param $rows i32) (param $units i32)
    (local $width i32) (local $left i32) (local $zf i32) (local $zc i32) (local $zo i32)
    (local $i v128) (local $f v128) (local $g v128) (local $o v128)
    (local.set $width (i32.shl (local.get $units) (i32.const 2)))
    (loop $each_row
      (local.set $left (local.get $units))
      (local.set $zf (i32.add (local.get $z) (local.get $width)))
      (local.set $zc (i32.add (local.get $zf) (local.get $width)))
      (local.set $zo (i32.add (local.get $zc) (local.get $width)))
      (loop $each_unit
        (local.set $i (call $sigmoid (v128.load (local.get $z))))
        (local.set $f (call $sigmoid (v128.load (local.get $zf))))
        (local.set $g (call $tanh (v128.load (local.get $zc))))
        (local.set $o (call $sigmoid (v128.load (local.get $zo))))
        (v128.store (local.get $z) (local.get $i))
        (v128.store (local.get $zf) (local.get $f))
        (v128.store (local.get $zc) (local.get $g))
        (v128.store (local.get $zo) (local.get $o))
        (local.set $g (f32x4.add (f32x4.mul (local.get $f) (v128.load (local.get $before)))
          (f32x4.mul (local.get $i) (local.get $g))))
        (v128.store (local.get $c) (local.get $g))
        (local.set $g (call $tanh (local.get $g)))
        (v128.store (local.get $tanhc) (local.get $g))
        (v128.store (local.get $h) (f32x4.mul (local.get $o) (local.get $g)))
        (local.set $z (i32.add (local.get $z) (i32.const 16)))
        (local.set $zf (i32.add (local.get $zf) (i32.const 16)))
        (local.set $zc (i32.add (local.get $zc) (i32.const 16)))
        (local.set $zo (i32.add (local.get $zo) (i32.const 16)))
        (local.set $before (i32.add (local.get $before) (i32.const 16)))
        (local.set $c (i32.add (local.get $c) (i32.const 16)))
        (local.set $tanhc (i32.add (local.get $tanhc) (i32.const 16)))
        (local.set $h (i32.add (local.get $h) (i32.const 16)))
        (br_if $each_unit (local.tee $left (i32.sub (local.get $left) (i32.const 4)))))
      (local.set $z (local.get $zo))   ;; the next row begins where this one's last gate ends
      (br_if $each_row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; The way back through `gates`: from dF/dh and dF/dc of this step to dF/dz, and to dF/dc before it (in place).
  (func (export "gates_back")
    (param $gates i32) (param $before i32) (param $tanhc i32) (param $dh i32) (param $dc i32) (param $dz i32)
    (param $rows i32) (param $units i32)
    (local $width i32) (local $left i32) (local $w2 i32) (local $w3 i32)
    (local $i v128) (local $f v128) (local $g v128) (local $o v128) (local $t v128) (local $slope v128) (local $up v128)
    (local $one v128)
    (local.set $one (v128.const f32x4 1 1 1 1))
    (local.set $width (i32.shl (local.get $units) (i32.const 2)))
    (local.set $w2 (i32.shl (local.get $width) (i32.const 1)))
    (local.set $w3 (i32.add (local.get $w2) (local.get $width)))
    (loop $each_row
      (local.set $left (local.get $units))
      (loop $each_unit
        (local.set $i (v128.load (local.get $gates)))
        (local.set $f (v128.load (i32.add (local.get $gates) (local.get $width))))
        (local.set $g (v128.load (i32.add (local.get $gates) (local.get $w2))))
        (local.set $o (v128.load (i32.add (local.get $gates) (local.get $w3))))
        (local.set $t (v128.load (local.get $tanhc)))
        (local.set $up (v128.load (local.get $dh)))
        ;; dF/dc = what comes from the next step + dF/dh o (1 - tanh² c)
        (local.set $slope (f32x4.add (v128.load (local.get $dc)) (f32x4.mul (f32x4.mul (local.get $up) (local.get $o))
          (f32x4.sub (local.get $one) (f32x4.mul (local.get $t) (local.get $t))))))
        (v128.store (local.get $dz) (f32x4.mul (f32x4.mul (local.get $slope) (local.get $g))
          (f32x4.mul (local.get $i) (f32x4.sub (local.get $one) (local.get $i)))))
        (v128.store (i32.add (local.get $dz) (local.get $width))
          (f32x4.mul (f32x4.mul (local.get $slope) (v128.load (local.get $before)))
            (f32x4.mul (local.get $f) (f32x4.sub (local.get $one) (local.get $f)))))
        (v128.store (i32.add (local.get $dz) (local.get $w2)) (f32x4.mul (f32x4.mul (local.get $slope) (local.get $i))
          (f32x4.sub (local.get $one) (f32x4.mul (local.get $g) (local.get $g)))))
        (v128.store (i32.add (local.get $dz) (local.get $w3)) (f32x4.mul (f32x4.mul (local.get $up) (local.get $t))
          (f32x4.mul (local.get $o) (f32x4.sub (local.get $one) (local.get $o)))))
        (v128.store (local.get $dc) (f32x4.mul (local.get $slope) (local.get $f)))
        (local.set $gates (i32.add (local.get $gates) (i32.const 16)))
        (local.set $before (i32.add (local.get $before) (i32.const 16)))
        (local.set $tanhc (i32.add (local.get $tanhc) (i32.const 16)))
        (local.set $dh (i32.add (local.get $dh) (i32.const 16)))
        (local.set $dc (i32.add (local.get $dc) (i32.const 16)))
        (local.set $dz (i32.add (local.get $dz) (i32.const 16)))
        (br_if $each_unit (local.tee $left (i32.sub (local.get $left) (i32.const 4)))))
      (local.set $gates (i32.add (local.get $gates) (local.get $w3)))   ;; over the gates f c o, which were read already
      (local.set $dz (i32.add (local.get $dz) (local.get $w3)))
      (br_if $each_row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; Row r of `to` (rows, width) = row places[r] of `from`. width is a multiple of 4, places are int32.
  (func (export "gather")
    (param $from i32) (param $places i32) (param $to i32) (param $rows i32) (param $width i32)
    (local $source i32) (local $left i32)
    (loop $each_row
      (local.set $source (i32.add (local.get $from) (i32.shl
        (i32.mul (i32.load (local.get $places)) (local.get $width)) (i32.const 2))))
      (local.set $left (local.get $width))
      (loop $each_number
        (v128.store (local.get $to) (v128.load (local.get $source)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (local.set $source (i32.add (local.get $source) (i32.const 16)))
        (br_if $each_number (local.tee $left (i32.sub (local.get $left) (i32.const 4)))))
      (local.set $places (i32.add (local.get $places) (i32.const 4)))
      (br_if $each_row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))))
