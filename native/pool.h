// Worker threads for loops over cars. The range is cut into fixed blocks and each block is one thread's; every car has its own
// state and random numbers, so results never depend on how many threads there are. Threads start at the first loop that needs
// them. Loops follow each other within a fraction of a millisecond, so a thread looks for the next one for a moment before it
// sleeps: waking takes longer than that.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ac {

class Pool {
public:
    explicit Pool(int threads) : threads_(std::max(threads, 1)) {}
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool() {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            stop_ = true;
        }
        wake_.notify_all();
        for (std::thread& t : workers_) t.join();
    }

    int threads() const { return threads_; }

    // Calls body(begin, end) on ranges that cover 0..count; returns when all are done. `least` is what a thread is woken for.
    template <class Body>
    void loop(int count, const Body& body, int least = cars_worth_waking) {
        const int parts = std::min(threads_, std::max(count / least, 1));
        if (parts == 1) return body(0, count);
        start(parts - 1);
        auto part = [&](int i) { body(int(std::int64_t(count) * i / parts), int(std::int64_t(count) * (i + 1) / parts)); };
        std::function<void(int)> job = [&](int worker) {
            if (worker + 1 < parts) part(worker + 1);
        };
        {
            std::lock_guard<std::mutex> lock(mutex_);
            job_ = &job;
            pending_ = int(workers_.size());
            ++round_;
        }
        wake_.notify_all();
        part(0);
        if (watch([&] { return pending_ == 0; })) return;
        std::unique_lock<std::mutex> lock(mutex_);
        done_.wait(lock, [&] { return pending_ == 0; });
    }

private:
    static constexpr int cars_worth_waking = 16;
    int threads_;
    std::vector<std::thread> workers_;
    std::mutex mutex_;
    std::condition_variable wake_, done_;
    const std::function<void(int)>* job_ = nullptr;
    std::atomic<int> pending_{0};
    std::atomic<unsigned> round_{0};
    std::atomic<bool> stop_{false};

    // True as soon as `ready` is; false after a moment of looking. Others that want the core get it in between.
    template <class Ready>
    static bool watch(const Ready& ready) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
        do {
            for (int i = 0; i < 16; ++i)
                if (ready()) return true;
            std::this_thread::yield();
        } while (std::chrono::steady_clock::now() < until);
        return false;
    }

    void start(int count) {
        while (int(workers_.size()) < count) {
            int index = int(workers_.size());
            unsigned seen = round_;
            workers_.emplace_back([this, index, seen] { work(index, seen); });
        }
    }
    void work(int index, unsigned seen) {
        for (;;) {
            const std::function<void(int)>* job;
            watch([&] { return stop_ || round_ != seen; });
            {
                std::unique_lock<std::mutex> lock(mutex_);
                wake_.wait(lock, [&] { return stop_ || round_ != seen; });
                if (stop_) return;
                seen = round_;
                job = job_;
            }
            (*job)(index);
            if (--pending_ == 0) {
                std::lock_guard<std::mutex> lock(mutex_);  // so that the waiting thread is either asleep or has seen it
                done_.notify_one();
            }
        }
    }
};

}  // namespace ac
