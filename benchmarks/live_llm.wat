;; Probes for benchmarks/live_llm.py: how fast can a page multiply a matrix of 8-bit or 4-bit numbers with a vector?
;;
;; y (out) = W (out, in) x (in). The weights of a row stand in blocks of 32 whole numbers, each block with one float32
;; scale; x is rounded to 16-bit whole numbers beforehand. A block's product is summed up in whole numbers and multiplied
;; with its scale. `in` is a multiple of 32. Pointers are in bytes.

(module
  (import "page" "memory" (memory 1))

  ;; 32 bytes to a block: numbers from -128 to 127
  (func (export "int8") (param $w i32) (param $scale i32) (param $x i32) (param $y i32) (param $out i32) (param $in i32)
    (local $sum v128) (local $q v128) (local $block v128) (local $at i32) (local $left i32)
    (loop $rows
      (local.set $sum (v128.const f32x4 0 0 0 0))
      (local.set $at (local.get $x))
      (local.set $left (local.get $in))
      (loop $blocks
        (local.set $q (v128.load (local.get $w)))
        (local.set $block (i32x4.add
          (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $q)) (v128.load (local.get $at)))
          (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $q)) (v128.load offset=16 (local.get $at)))))
        (local.set $q (v128.load offset=16 (local.get $w)))
        (local.set $block (i32x4.add (local.get $block) (i32x4.add
          (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $q)) (v128.load offset=32 (local.get $at)))
          (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $q)) (v128.load offset=48 (local.get $at))))))
        (local.set $sum (f32x4.add (local.get $sum)
          (f32x4.mul (f32x4.convert_i32x4_s (local.get $block)) (v128.load32_splat (local.get $scale)))))
        (local.set $w (i32.add (local.get $w) (i32.const 32)))
        (local.set $scale (i32.add (local.get $scale) (i32.const 4)))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br_if $blocks (local.tee $left (i32.sub (local.get $left) (i32.const 32)))))
      (f32.store (local.get $y) (f32.add
        (f32.add (f32x4.extract_lane 0 (local.get $sum)) (f32x4.extract_lane 1 (local.get $sum)))
        (f32.add (f32x4.extract_lane 2 (local.get $sum)) (f32x4.extract_lane 3 (local.get $sum)))))
      (local.set $y (i32.add (local.get $y) (i32.const 4)))
      (br_if $rows (local.tee $out (i32.sub (local.get $out) (i32.const 1))))))

  ;; 16 bytes to a block: the low halves of all bytes, then the high halves; numbers from 0 to 15 that stand for -8 to 7
  (func (export "int4") (param $w i32) (param $scale i32) (param $x i32) (param $y i32) (param $out i32) (param $in i32)
    (local $sum v128) (local $q v128) (local $half v128) (local $block v128) (local $at i32) (local $left i32)
    (loop $rows
      (local.set $sum (v128.const f32x4 0 0 0 0))
      (local.set $at (local.get $x))
      (local.set $left (local.get $in))
      (loop $blocks
        (local.set $q (v128.load (local.get $w)))
        (local.set $half (i8x16.sub (v128.and (local.get $q) (i8x16.splat (i32.const 15))) (i8x16.splat (i32.const 8))))
        (local.set $block (i32x4.add
          (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $half)) (v128.load (local.get $at)))
          (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $half)) (v128.load offset=16 (local.get $at)))))
        (local.set $half (i8x16.sub (i8x16.shr_u (local.get $q) (i32.const 4)) (i8x16.splat (i32.const 8))))
        (local.set $block (i32x4.add (local.get $block) (i32x4.add
          (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $half)) (v128.load offset=32 (local.get $at)))
          (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $half)) (v128.load offset=48 (local.get $at))))))
        (local.set $sum (f32x4.add (local.get $sum)
          (f32x4.mul (f32x4.convert_i32x4_s (local.get $block)) (v128.load32_splat (local.get $scale)))))
        (local.set $w (i32.add (local.get $w) (i32.const 16)))
        (local.set $scale (i32.add (local.get $scale) (i32.const 4)))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br_if $blocks (local.tee $left (i32.sub (local.get $left) (i32.const 32)))))
      (f32.store (local.get $y) (f32.add
        (f32.add (f32x4.extract_lane 0 (local.get $sum)) (f32x4.extract_lane 1 (local.get $sum)))
        (f32.add (f32x4.extract_lane 2 (local.get $sum)) (f32x4.extract_lane 3 (local.get $sum)))))
      (local.set $y (i32.add (local.get $y) (i32.const 4)))
      (br_if $rows (local.tee $out (i32.sub (local.get $out) (i32.const 1)))))))
